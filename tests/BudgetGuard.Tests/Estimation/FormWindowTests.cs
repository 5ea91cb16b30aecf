using System.Text;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Estimation;

public sealed class FormWindowTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public void Form_with_audio_gives_its_model_and_its_seconds_at_most(int pieceSize)
    {
        var form = Form([("file\"; filename=\"a.mp3", new string('x', 200_000)), ("model", "whisper-1"), ("response_format", "json")]);
        var request = Read(ModelApis.OpenAITranscriptions, form, pieceSize);
        Assert.Equal("whisper-1", request.Model);
        Assert.Equal((form.Length + 1999) / 2000, request.AudioSeconds);
        Assert.Equal(request.AudioSeconds * 10, request.MaxOutputTokens);
    }

    [Fact]
    public void Form_with_images_gives_what_is_asked_for()
    {
        var form = Form([("model", "gpt-image-1"), ("image[]\"; filename=\"a.png", "x"), ("image[]\"; filename=\"b.png", "x"), ("n", "3"), ("quality", "low"), ("size", "1024x1024")]);
        var request = Read(ModelApis.OpenAIImages, form, 100);
        Assert.Equal(("gpt-image-1", 3, 2, MediaBound.Image("low"u8, default)), (request.Model, request.Answers, request.Images, request.MaxOutputTokens));
    }

    [Fact]
    public void Model_in_the_path_beats_that_of_the_form() => Assert.Equal("d", Read(ModelApis.OpenAITranscriptions, Form([("model", "x")]), 10, "d").Model);

    [Fact]
    public void Form_without_a_model_has_none() => Assert.Null(Read(ModelApis.OpenAITranscriptions, Form([("file\"; filename=\"model", "model")]), 10).Model);

    [Theory]
    [InlineData("model", "a", "model", "b")]
    [InlineData("model", "", "n", "1")]
    [InlineData("model", "a b", "n", "1")]
    [InlineData("model", "a", "n", "0")]
    [InlineData("model", "a", "n", "many")]
    public void Form_with_more_than_one_reading_or_none_is_refused(string first, string value, string second, string other)
    {
        foreach (var size in new[] { 1, 100, 60_000 })
        {
            var form = Form([(first, value), ("file\"; filename=\"a", new string('x', 150_000)), (second, other)]);
            Assert.Equal(400, Feed(ModelApis.OpenAIImages, form, size, null, out _)?.Status);
        }
    }

    [Fact]
    public async Task Upload_of_audio_is_no_bad_request_and_the_app_sees_it_whole()
    {
        var context = new DefaultHttpContext();
        var form = Form([("model", "whisper-1"), ("file\"; filename=\"a.mp3", new string('\u0001', 3_000_000))]);
        context.Request.ContentType = "multipart/form-data; boundary=b";
        context.Request.Body = new MemoryStream(form);
        using var body = await InspectedBody.ReadAsync(
            context, ModelApis.OpenAITranscriptions, null, 1 << 25, TimeSpan.FromSeconds(30), TimeProvider.System, default);
        Assert.Null(body.Error);
        Assert.Equal("whisper-1", body.Request!.Model);
        var seen = new MemoryStream();
        await context.Request.Body.CopyToAsync(seen);
        Assert.Equal(form, seen.ToArray());
    }

    [Fact]
    public async Task Form_on_a_route_of_json_is_refused()
    {
        var context = new DefaultHttpContext();
        context.Request.ContentType = "multipart/form-data; boundary=b";
        context.Request.Body = new MemoryStream(Form([("model", "gpt-4o")]));
        using var body = await InspectedBody.ReadAsync(context, ModelApis.OpenAIChat, null, 1 << 25, TimeSpan.FromSeconds(30), TimeProvider.System, default);
        Assert.Equal(400, body.Error?.Status);
    }

    private static ModelRequest Read(ModelApi api, byte[] form, int pieceSize, string? fromPath = null)
    {
        Assert.Null(Feed(api, form, pieceSize, fromPath, out var request));
        return request!;
    }

    private static ModelRequestError? Feed(ModelApi api, byte[] form, int pieceSize, string? fromPath, out ModelRequest? request)
    {
        request = null;
        using var window = new FormWindow(api, "multipart/form-data; boundary=b", fromPath);
        for (var at = 0; at < form.Length;)
        {
            var length = Math.Min(pieceSize, Math.Min(window.Free.Length, form.Length - at));
            form.AsSpan(at, length).CopyTo(window.Free.Span);
            if (window.Take(length) is { } error)
            {
                return error;
            }

            at += length;
        }

        if (window.Take(0) is { } last)
        {
            return last;
        }

        request = window.Finish();
        return null;
    }

    private static byte[] Form((string Name, string Value)[] parts)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in parts)
        {
            text.Append("--b\r\nContent-Disposition: form-data; name=\"").Append(name).Append("\"\r\n\r\n").Append(value).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("--b--\r\n").ToString());
    }
}
