using System.Text.Json;
using BudgetGuard.Identification;

namespace BudgetGuard.Estimation;

/// <summary>Adds up what a body contains while it is read.</summary>
internal sealed class RequestTally(ModelApi api)
{
    private byte[] _imageSize = [], _imageQuality = [];
    private long _textBytes;
    private long _tokenIds;
    private long _prompts;
    private int _messages;
    private int _tools;
    private int _images;
    private long _mediaBytes;
    private int _mediaReferences;
    private bool _hidden;
    private bool _hasSchema;
    private bool _asksForCaching;
    private string? _serviceTier;
    private ContentKey _key;
    private Counting _counting;
    private int _imageDepth = int.MaxValue, _plainDepth = int.MaxValue;

    /// <summary>As what the last string was counted, for what comes of it later.</summary>
    private enum Counting : byte
    {
        Nothing,
        Text,
        Media,
    }

    /// <summary>Ollama streams unless it is told not to.</summary>
    public bool Stream { get; set; } = api.Provider == ModelApis.OllamaChat.Provider && !api.OnlyReads;

    public bool HasStreamOptions { get; set; }

    public bool WorksUnseen { get; set; }

    public long? MaxOutputTokens { get; set; }

    public long Answers { get; set; } = 1;

    public ModelRequest ToRequest(string? model) => new()
    {
        Model = model,
        TextBytes = _textBytes,
        TokenIds = _tokenIds,
        Messages = _messages,
        Tools = _tools,
        Images = _images,
        MediaBytes = _mediaBytes,
        MediaReferences = _mediaReferences,
        MaxOutputTokens = Cap(),
        Answers = Math.Min(Answers, 1_000_000_000_000) * Math.Max(1, _prompts),
        Stream = Stream && api != ModelApis.OpenAIImages,
        HasStreamOptions = HasStreamOptions,
        WorksUnseen = WorksUnseen,
        HasHiddenInput = _hidden,
        HasSchema = _hasSchema,
        AsksForCaching = _asksForCaching,
        ServiceTier = _serviceTier,
    };

    /// <summary>The size and the quality of images.</summary>
    public void OnImage(ref Utf8JsonReader json, RequestField field)
    {
        _counting = Counting.Nothing;
        var value = json.TokenType == JsonTokenType.String && json.ValueSpan.Length <= 32 ? json.ValueSpan.ToArray() : [];
        _ = field == RequestField.ImageSize ? _imageSize = value : _imageQuality = value;
    }

    /// <summary>What a request for images or sound may generate at most follows from what it asks for.</summary>
    private long? Cap() =>
        api == ModelApis.OpenAIImages ? MediaBound.Image(_imageQuality, _imageSize)
        : api == ModelApis.OpenAISpeech ? MediaBound.Speech(_textBytes)
        : MaxOutputTokens;

    /// <summary>A value that stands right at the top.</summary>
    public void OnScalar(ref Utf8JsonReader json, RequestField field)
    {
        _key = ContentKey.Text;
        _counting = Counting.Nothing;
        if (json.TokenType == JsonTokenType.String && field != RequestField.Ignored)
        {
            // A field nobody here knows may be input too, as the suffix of a completion is.
            _messages += field is RequestField.Content or RequestField.System or RequestField.Prompt ? 1 : 0;
            AddText(json.ValueSpan);
        }

        _hidden |= field == RequestField.Hidden && json.TokenType is not (JsonTokenType.Null or JsonTokenType.PropertyName);
    }

    /// <summary>Two fields may name a tier: the dearer word is not known here, so an unusual one wins over the usual.</summary>
    public void OnTier(ref Utf8JsonReader json)
    {
        _counting = Counting.Nothing;
        if (json.TokenType == JsonTokenType.String && json.ValueSpan.Length <= 32
            && !json.ValueTextEquals("auto"u8) && !json.ValueTextEquals("default"u8) && !json.ValueTextEquals("standard"u8))
        {
            _serviceTier = json.GetString();
        }
    }

    public void OnNested(ref Utf8JsonReader json, RequestField field)
    {
        _counting = Counting.Nothing;
        switch (field)
        {
            case RequestField.Ignored:
                return;
            case RequestField.Hidden:
                _hidden = true;
                OnStructure(ref json);
                return;
            case RequestField.Tools or RequestField.Schema:
                _hasSchema |= field == RequestField.Schema && json.CurrentDepth > 2;
                OnTool(ref json, field);
                return;
            default:
                OnContent(ref json, field);
                return;
        }
    }

    /// <summary>More of the last string.</summary>
    public void OnMore(ReadOnlySpan<byte> part)
    {
        _textBytes += _counting == Counting.Text ? JsonText.UnescapedLength(part) : 0;
        _mediaBytes += _counting == Counting.Media ? ((long)part.Length * 3 + 3) / 4 : 0;
    }

    private void OnTool(ref Utf8JsonReader json, RequestField field)
    {
        OnStructure(ref json);
        _asksForCaching |= json.TokenType == JsonTokenType.PropertyName && ContentNames.IsCaching(json.ValueSpan);
        if (field != RequestField.Tools)
        {
            return;
        }

        var depth = json.CurrentDepth;
        if (json.TokenType == JsonTokenType.StartObject
            && ((depth == 2 && api != ModelApis.BedrockConverse) || (depth == 3 && api.Provider == ModelApis.BedrockConverse.Provider)))
        {
            _tools++;
        }
        else if (json.TokenType == JsonTokenType.PropertyName && depth == 3)
        {
            _key = json.ValueTextEquals("type"u8) ? ContentKey.ToolType : ContentKey.Text;
            _hidden |= api == ModelApis.Gemini && !json.ValueTextEquals("functionDeclarations"u8) && !json.ValueTextEquals("function_declarations"u8);
        }
        else if (json.TokenType == JsonTokenType.String && _key == ContentKey.ToolType && depth == 3)
        {
            _hidden |= !json.ValueTextEquals("function"u8) && !json.ValueTextEquals("custom"u8);
        }
    }

    // Tools and schemas reach the model as JSON or much like it: names, quotes and all.
    private void OnStructure(ref Utf8JsonReader json)
    {
        if (json.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
        {
            AddText(json.ValueSpan);
            _textBytes += 3;
            return;
        }

        _textBytes += json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray ? 1 : json.ValueSpan.Length;
    }

    private void OnContent(ref Utf8JsonReader json, RequestField field)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName:
                OnContentName(ref json);
                return;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                _messages += json.CurrentDepth == 2 && json.TokenType == JsonTokenType.StartObject ? 1 : 0;
                _prompts += field == RequestField.Prompt && json.CurrentDepth == 2 ? 1 : 0;
                return;
            case JsonTokenType.EndObject:
                _imageDepth = json.CurrentDepth <= _imageDepth ? int.MaxValue : _imageDepth;
                _plainDepth = json.CurrentDepth <= _plainDepth ? int.MaxValue : _plainDepth;
                _key = ContentKey.Text;
                return;
            case JsonTokenType.String:
                _prompts += field == RequestField.Prompt && json.CurrentDepth == 2 ? 1 : 0;
                OnContentString(json.ValueSpan);
                return;
            case JsonTokenType.Number:
                _ = api.OnlyReads || field == RequestField.Prompt ? _tokenIds++ : _textBytes += json.ValueSpan.Length;
                return;
        }
    }

    private void OnContentName(ref Utf8JsonReader json)
    {
        var name = json.ValueSpan;
        _key = ContentKey.Text;
        if (json.CurrentDepth > _plainDepth || ContentNames.IsPlain(name))
        {
            // The arguments and results of tools are JSON of any form, whose names mean nothing: the model reads all of it as text.
            _plainDepth = Math.Min(_plainDepth, json.CurrentDepth);
            _textBytes += name.Length + 3;
        }
        else if (ContentNames.IsImage(name))
        {
            _imageDepth = Math.Min(_imageDepth, json.CurrentDepth);
            _key = ContentKey.Url;
        }
        else if (ContentNames.IsData(name))
        {
            _key = ContentKey.Data;
        }
        else if (ContentNames.IsUrl(name))
        {
            _key = ContentKey.Url;
        }
        else if (ContentNames.IsReference(name))
        {
            _key = ContentKey.Reference;
        }
        else if (ContentNames.IsLabel(name))
        {
            _key = ContentKey.Label;
        }
        else if (ContentNames.IsCaching(name))
        {
            _asksForCaching = true;
        }
        else if (!ContentNames.IsUsual(name))
        {
            _textBytes += name.Length + 3;
        }
    }

    private void OnContentString(ReadOnlySpan<byte> value)
    {
        if (_key == ContentKey.Label && value.Length <= 64)
        {
            return;
        }

        if (_key is ContentKey.Url or ContentKey.Reference or ContentKey.Data && !value.StartsWith("data:"u8))
        {
            OnReferenceOrData(value);
            return;
        }

        var comma = _key is ContentKey.Text or ContentKey.Label ? -1 : value[..Math.Min(value.Length, 256)].IndexOf((byte)',');
        if (comma >= 0)
        {
            AddInline(value[(comma + 1)..]);
            return;
        }

        AddText(value);
    }

    private void OnReferenceOrData(ReadOnlySpan<byte> value)
    {
        if (_key == ContentKey.Data)
        {
            AddInline(value);
        }
        else if (_imageDepth != int.MaxValue)
        {
            _images++;
        }
        else
        {
            _mediaReferences++;
            AddText(value);
        }
    }

    private void AddInline(ReadOnlySpan<byte> data)
    {
        switch (JsonText.Sniff(data))
        {
            case InlineKind.Image:
                _images++;
                break;
            case InlineKind.Media:
                _mediaBytes += (long)data.Length * 3 / 4;
                _counting = Counting.Media;
                break;
            default:
                AddText(data);
                break;
        }
    }

    private void AddText(ReadOnlySpan<byte> raw)
    {
        _textBytes += JsonText.UnescapedLength(raw);
        _counting = Counting.Text;
    }
}
