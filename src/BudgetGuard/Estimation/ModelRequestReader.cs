using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Estimation;

/// <summary>One forward pass over the body of a model API, whole or in pieces. A body with more than one reading is refused.</summary>
internal sealed class ModelRequestReader(ModelApi api, string? modelFromPath)
{
    private readonly (byte[] Name, RequestField Field)[] _fields = RequestFields.Of(api, modelFromPath);
    private readonly RequestTally _tally = new(api);
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 64 });
    private ulong _seen;
    private ulong _seenInConfig;
    private RequestField _field;
    private RequestField _inner;
    private string? _model;
    private bool _started;
    private bool _isFirstToken = true;

    public static ModelRequestError? TryRead(ReadOnlySpan<byte> body, ModelApi api, string? modelFromPath, out ModelRequest? request)
    {
        var reader = new ModelRequestReader(api, modelFromPath);
        var error = reader.Feed(body, isFinal: true, out _);
        request = error is null ? reader.Finish() : null;
        return error;
    }

    /// <summary>Reads on; the bytes after <paramref name="consumed"/> come again, with more behind them. The first piece has four bytes or is the last.</summary>
    public ModelRequestError? Feed(ReadOnlySpan<byte> piece, bool isFinal, out int consumed)
    {
        consumed = 0;
        var skipped = 0;
        if (!_started)
        {
            if (piece.Length < 4 && !isFinal)
            {
                return null;
            }

            _started = true;
            if (piece.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || piece.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || piece[..Math.Min(4, piece.Length)].Contains((byte)0))
            {
                return new ModelRequestError(415, "unsupported_encoding", "The body must be UTF-8.");
            }

            skipped = piece.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        }

        if (isFinal && _isFirstToken && piece[skipped..].TrimStart(" \t\r\n"u8).IsEmpty)
        {
            return ModelRequestError.Invalid("A JSON object is expected.");
        }

        var json = new Utf8JsonReader(piece[skipped..], isFinal, _state);
        try
        {
            while (json.Read())
            {
                if (OnToken(ref json) is { } error)
                {
                    return error;
                }
            }
        }
        catch (JsonException)
        {
            return ModelRequestError.NoJson;
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader's answer to lone surrogates and invalid UTF-8.
            return new ModelRequestError(400, "invalid_json", "The body is not valid UTF-8.");
        }

        consumed = skipped + (int)json.BytesConsumed;
        _state = json.CurrentState;
        return null;
    }

    /// <summary>Counts more of the string whose first part came last, closed as if it were the whole.</summary>
    public void FeedMore(ReadOnlySpan<byte> part) => _tally.OnMore(part);

    public ModelRequest Finish() => _tally.ToRequest(modelFromPath ?? _model);

    private ModelRequestError? OnToken(ref Utf8JsonReader json)
    {
        if (_isFirstToken)
        {
            _isFirstToken = false;
            return json.TokenType == JsonTokenType.StartObject ? null : ModelRequestError.Invalid("A JSON object is expected.");
        }

        if (json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.CurrentDepth == 1)
            {
                ModelRequestError? error = OnName(ref json, _fields, ref _seen, out _field);
                _tally.HasStreamOptions |= _field == RequestField.StreamOptions;
                return error;
            }

            if (_field == RequestField.Config && json.CurrentDepth == 2)
            {
                return OnName(ref json, RequestFields.OfConfig(api), ref _seenInConfig, out _inner);
            }
        }

        if (_field == RequestField.Config)
        {
            return OnConfig(ref json);
        }

        _tally.WorksUnseen |= _field == RequestField.Unseen && json.TokenType is JsonTokenType.True or JsonTokenType.StartObject;

        return json.CurrentDepth == 1 && json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.EndArray)
            ? OnValue(ref json, _field)
            : OnNested(ref json, _field);
    }

    private ModelRequestError? OnConfig(ref Utf8JsonReader json)
    {
        if (json.CurrentDepth == 1)
        {
            return json.TokenType is JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.Null
                ? null
                : ModelRequestError.Invalid("The generation settings must be an object.");
        }

        return json.CurrentDepth == 2 && _inner is RequestField.Cap or RequestField.Answers ? OnValue(ref json, _inner) : OnNested(ref json, _inner);
    }

    private static ModelRequestError? OnName(
        ref Utf8JsonReader json, (byte[] Name, RequestField Field)[] fields, ref ulong seen, out RequestField field)
    {
        field = RequestField.Other;
        Span<byte> buffer = stackalloc byte[256];
        scoped ReadOnlySpan<byte> name = json.ValueSpan;
        if (json.ValueIsEscaped)
        {
            if (name.Length > buffer.Length)
            {
                return null;
            }

            name = buffer[..json.CopyString(buffer)];
        }

        // Go folds these two into s and k.
        if (name.IndexOf("\u017f"u8) >= 0 || name.IndexOf("\u212a"u8) >= 0)
        {
            return ModelRequestError.Invalid("A field name has a letter that some servers read as another.");
        }

        var index = RequestFields.Find(fields, name, out var exact);
        if (index < 0)
        {
            return null;
        }

        if (!exact)
        {
            return ModelRequestError.Invalid($"The field '{NameOf(fields[index].Name)}' is spelt in another case.");
        }

        field = fields[index].Field;
        var bit = 1UL << index;
        if ((seen & bit) != 0)
        {
            return ModelRequestError.Invalid($"The field '{NameOf(fields[index].Name)}' is there twice.");
        }

        seen |= bit;
        return null;
    }

    private static string NameOf(byte[] name) => System.Text.Encoding.UTF8.GetString(name);

    private ModelRequestError? OnValue(ref Utf8JsonReader json, RequestField field)
    {
        switch (field)
        {
            case RequestField.Model:
                return ReadModel(ref json);
            case RequestField.Stream when json.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null):
                return ModelRequestError.Invalid("'stream' must be true or false.");
            case RequestField.Stream:
                _tally.Stream = json.TokenType == JsonTokenType.True;
                return null;
            case RequestField.Tier:
                _tally.OnTier(ref json);
                return null;
            case RequestField.ImageSize or RequestField.ImageQuality:
                _tally.OnImage(ref json, field);
                return null;
            case RequestField.Cap or RequestField.Answers or RequestField.BestOf:
                return ReadCount(ref json, field);
            default:
                _tally.OnScalar(ref json, field);
                return null;
        }
    }

    private ModelRequestError? OnNested(ref Utf8JsonReader json, RequestField field)
    {
        if (field is RequestField.Model or RequestField.Stream or RequestField.Cap or RequestField.Answers or RequestField.BestOf
            && json.TokenType is not (JsonTokenType.EndObject or JsonTokenType.PropertyName))
        {
            return ModelRequestError.Invalid("A field that must be a plain value is an object or array.");
        }

        _tally.OnNested(ref json, field);
        return null;
    }

    private ModelRequestError? ReadModel(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.String || json.ValueSpan.Length > 256 * 6)
        {
            return ModelRequestError.Invalid("'model' must be a string of 1 to 256 characters.");
        }

        _model = json.GetString()!;
        var isPlain = _model.Length is > 0 and <= 256 && !char.IsWhiteSpace(_model[0]) && !char.IsWhiteSpace(_model[^1]);
        foreach (var c in _model)
        {
            isPlain &= !char.IsControl(c);
        }

        return isPlain ? null : ModelRequestError.Invalid("'model' must be 1 to 256 characters, without control characters or spaces around it.");
    }

    private ModelRequestError? ReadCount(ref Utf8JsonReader json, RequestField field)
    {
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        // Without an end, as Ollama writes it.
        if (field == RequestField.Cap && json.ValueSpan is [(byte)'-', (byte)'1' or (byte)'2'] && api.Provider == ModelApis.OllamaChat.Provider)
        {
            return null;
        }

        if (json.TokenType is not (JsonTokenType.Number or JsonTokenType.String) || !JsonText.TryReadCount(json.ValueSpan, out var count))
        {
            return ModelRequestError.Invalid("A count of tokens or answers must be a whole number that is not negative.");
        }

        if (field == RequestField.Cap)
        {
            _tally.MaxOutputTokens = Math.Max(_tally.MaxOutputTokens ?? 0, count);
            return null;
        }

        _tally.Answers = Math.Max(_tally.Answers, count);
        return count > 0 ? null : ModelRequestError.Invalid("At least one answer must be asked for.");
    }
}
