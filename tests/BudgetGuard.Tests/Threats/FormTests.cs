using System.Net;
using System.Text;
using BudgetGuard.Tests.Rig;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BudgetGuard.Tests.Threats;

/// <summary>Forms and media that would name their own price, or have none.</summary>
public sealed class FormTests
{
    private const string HundredDollars = """{"Budgets":{"daily":{"Limit":100,"Period":"Day","Per":["User"]}}}""";
    private const string TenImages = """{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"total_tokens":62450,"input_tokens":50,"output_tokens":62400}}""";
    private const string NoUsage = """{"created":1,"data":[]}""";
    private const string Decoy = "form-data; name=\"model\"\r\n\r\ngpt-image-1-mini\r\n";
    private const string Model = "Content-Disposition: form-data; name=\"model\"";
    private const string Image = "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"";

    [Theory]
    [InlineData("Content-Disposition: form-data;name=\"model\"")]
    [InlineData("content-disposition: FORM-DATA; NAME=model")]
    [InlineData("Content-Disposition:form-data;\tname=\"model\"")]
    [InlineData("Content-Disposition: form-data ; name = \"model\" ;")]
    [InlineData("Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: binary")]
    public async Task Form_whose_model_stands_in_an_odd_head_is_priced_by_it_and_not_by_a_decoy(string head)
    {
        await using var app = await StartAsync(TenImages);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/images/edits", ("Content-Disposition: form-data; name=\"prompt\"", Decoy), (Image, "AAAA"), (head, "gpt-image-1")));
        Assert.InRange((await app.BalanceAsync()).Settled, 2.4m, 3m);
    }

    [Theory]
    [InlineData("Content-Disposition: form-data; filename=\" name=x\"; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; filename=\"a\\\"; name=\"model\"; x=\"\"")]
    [InlineData("Content-Disposition: form-data; name=\"prompt\"; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; name*=utf-8''model")]
    [InlineData("Content-Disposition: form-data; name=\"prompt\"; name*=utf-8''model")]
    [InlineData("Content-Disposition: form-data; name=\"m\\odel\"")]
    [InlineData("Content-Disposition: form-data; name=\"=?utf-8?Q?model?=\"")]
    [InlineData("Content-Disposition: form-data; name=\"Model\"")]
    [InlineData("Content-Disposition: form-data; name=model model")]
    [InlineData("Content-Disposition: form-data; name=\"\"")]
    [InlineData("Content-Disposition: form-data")]
    [InlineData("Content-Disposition: attachment; name=\"model\"")]
    [InlineData("Content-Disposition: form-data;\r\n name=\"model\"")]
    [InlineData("Content-Disposition: form-data;\n name=\"model\"")]
    [InlineData("Content-Disposition : form-data; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"model\"")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: quoted-printable")]
    [InlineData("Content-Type: text/plain")]
    [InlineData("")]
    public async Task Form_with_a_head_that_has_no_reading_or_two_is_refused(string head)
    {
        await using var app = await StartAsync(TenImages);
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(app, "/v1/images/edits", (Image, "AAAA"), (head, "gpt-image-1")));
        Assert.Equal(0m, (await app.BalanceAsync()).Settled);
    }

    [Theory]
    [InlineData("model", "gpt-image-1-mini", "gpt-image-1")]
    [InlineData("n", "1", "1")]
    [InlineData("quality", "low", "high")]
    [InlineData("size", "1x1", "4096x4096")]
    public async Task Form_with_a_field_twice_is_refused(string field, string first, string second)
    {
        await using var app = await StartAsync(TenImages);
        string head = $"Content-Disposition: form-data; name={field}";
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(app, "/v1/images/edits", (head, first), (Image, "AAAA"), (head, second)));
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=\"\"")]
    [InlineData("multipart/form-data; boundary=YY; boundary=XX")]
    [InlineData("multipart/form-data; boundary=XX; boundary*=utf-8''YY")]
    [InlineData("multipart/form-data; boundary=YY")]
    [InlineData("multipart/mixed; boundary=XX")]
    public async Task Form_without_its_own_boundary_is_refused(string type)
    {
        await using var app = await StartAsync(TenImages);
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(app, "/v1/images/edits", Form((Model, "gpt-image-1")), type));
    }

    [Theory]
    [InlineData("before\r\n--XX\r\n{model}\r\n\r\nx\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{model}\r\n\r\nx\r\n--XX--\r\n--XX\r\n{model}\r\n\r\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{prompt}\r\n\r\nx\n--XX\n{model}\n\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{prompt}\r\n\r\nx\n--XX\r\n{model}\r\n\r\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{prompt}\r\n\r\n--XX\r\n{model}\r\n\r\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{prompt}\r\n\r\nx\r\n--XX \r\n{model}\r\n\r\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{prompt}\r\n\r\nx\r\n--XXY\r\n{model}\r\n\r\ny\r\n--XX--\r\n")]
    [InlineData("--XX\r\n{model}\r\n\r\nx\r\n")]
    [InlineData("--XX\r\n{model}\r\n")]
    [InlineData("--XX\n{model}\n\nx\n--XX--\n")]
    [InlineData("")]
    public async Task Form_whose_boundaries_have_no_reading_or_two_is_refused(string form)
    {
        await using var app = await StartAsync(TenImages);
        form = form.Replace("{model}", Model, StringComparison.Ordinal).Replace("{prompt}", "Content-Disposition: form-data; name=\"prompt\"", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(app, "/v1/images/edits", form));
    }

    [Fact]
    public async Task Form_with_a_boundary_within_a_line_is_read_as_what_it_is()
    {
        await using var app = await StartAsync(TenImages);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/images/edits", (Image, string.Concat(Enumerable.Repeat("x--XX", 50_000))), (Model, "gpt-image-1")));
        Assert.InRange((await app.BalanceAsync()).Settled, 2.4m, 3m);
    }

    [Fact]
    public async Task Form_whose_count_stands_in_an_odd_head_is_held_as_that_many()
    {
        await using var app = await StartAsync(NoUsage);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/images/edits", (Model, "gpt-image-1"), (Image, "AAAA"), ("Content-Disposition: form-data;name=\"n\"", "10")));
        Assert.InRange((await app.BalanceAsync()).Settled, 2.4m, 3m);
    }

    [Theory]
    [InlineData(TenImages, "", null)]
    [InlineData(NoUsage, "", null)]
    [InlineData(TenImages, "", "gpt-image-1-mini")]
    [InlineData(TenImages, ",\"UnpricedModels\":\"Allow\"", null)]
    public async Task Images_without_a_model_cost_what_the_dearest_model_would(string answer, string setting, string? claimed)
    {
        await using var app = await StartAsync(answer, HundredDollars[..^1] + setting + "}");
        using StringContent json = new("""{"prompt":"x","n":10,"quality":"high"}""", Encoding.UTF8, "application/json");
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/images/generations") { Content = json };
        request.Headers.Add("X-User-ID", "alice");
        if (claimed is not null)
        {
            request.Headers.Add("X-Model", claimed);
        }

        using var response = await app.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var first = (await app.BalanceAsync()).Settled;
        Assert.InRange(first, 2.4m, 3m);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/images/edits", (Image, "AAAA"), ("Content-Disposition: form-data; name=n", "10")));
        Assert.InRange((await app.BalanceAsync()).Settled - first, 2.4m, 5m);
    }

    [Fact]
    public async Task Images_without_a_model_are_refused_where_unpriced_models_are()
    {
        await using var app = await StartAsync(TenImages, HundredDollars[..^1] + ",\"UnpricedModels\":\"Reject\"}");
        using var response = await app.PostAsync("/v1/images/generations", """{"prompt":"x"}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Images_of_a_model_without_a_price_cost_the_default_for_each()
    {
        await using var app = await StartAsync(NoUsage);
        using var response = await app.PostAsync("/v1/images/generations", """{"model":"dall-e-2","prompt":"x","n":10}""");
        Assert.Equal(0.1m, (await app.BalanceAsync()).Settled);
        using var absurd = await app.PostAsync("/v1/images/generations", """{"model":"dall-e-2","prompt":"x","n":1000000000000}""");
        Assert.Equal(HttpStatusCode.PaymentRequired, absurd.StatusCode);
    }

    [Theory]
    [InlineData("batchEmbedContents", 100, 0.03)]
    [InlineData("embedContent", 1, 0.0003)]
    public async Task Embeddings_of_Gemini_are_charged_by_their_size(string call, int contents, double least)
    {
        await using var app = await StartAsync("""{"embeddings":[{"values":[0.1]}]}""");
        string one = "{\"content\":{\"parts\":[{\"text\":\"" + string.Concat(Enumerable.Repeat("word ", 2000)) + "\"}]}}";
        string body = contents == 1 ? one : "{\"requests\":[" + string.Join(',', Enumerable.Repeat(one, contents)) + "]}";
        using var response = await app.PostAsync($"/v1beta/models/gemini-embedding-001:{call}", body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.InRange((await app.BalanceAsync()).Settled, (decimal)least, (decimal)least * 3);
    }

    [Theory]
    [InlineData("data: {\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}}\n\ndata: [DONE]\n\n")]
    [InlineData("{\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}}")]
    public async Task Transcript_that_reads_like_an_answer_does_not_tell_its_own_usage(string transcript)
    {
        await using var app = await StartAsync(transcript, type: "text/plain; charset=utf-8");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/audio/transcriptions", Upload("gpt-4o-transcribe", "text")));
        Assert.InRange((await app.BalanceAsync()).Settled, 0.01m, 1m);
    }

    [Theory]
    [InlineData("json", 0.005)]
    [InlineData("verbose_json", 0.005)]
    [InlineData(null, 0.005)]
    [InlineData("text", 0.02)]
    [InlineData("srt", 0.02)]
    [InlineData("vtt", 0.02)]
    [InlineData("other", 0.02)]
    public async Task Audio_is_sized_at_a_low_bit_rate_where_the_answer_will_not_tell_its_length(string? format, double cost)
    {
        await using var app = await StartAsync("hello", type: "text/plain");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, "/v1/audio/transcriptions", Upload("whisper-1", format, 99_600)));
        Assert.Equal((decimal)cost, (await app.BalanceAsync()).Settled);
    }

    private static string Upload(string model, string? format, int bytes = 2_000_000)
    {
        (string, string) file = ("Content-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"", new string('A', bytes));
        return format is null ? Form(file, (Model, model)) : Form(file, (Model, model), ("Content-Disposition: form-data; name=\"response_format\"", format));
    }

    private static string Form(params (string Head, string Value)[] parts)
    {
        StringBuilder form = new();
        foreach ((string head, string value) in parts)
        {
            form.Append("--XX\r\n").Append(head).Append("\r\n\r\n").Append(value).Append("\r\n");
        }

        return form.Append("--XX--\r\n").ToString();
    }

    private static Task<HttpStatusCode> PostAsync(GuardedApp app, string path, params (string Head, string Value)[] parts) => PostAsync(app, path, Form(parts));

    private static async Task<HttpStatusCode> PostAsync(GuardedApp app, string path, string form, string type = "multipart/form-data; boundary=XX")
    {
        ByteArrayContent content = new(Encoding.ASCII.GetBytes(form));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await app.SendAsync(HttpMethod.Post, path, content: content);
        return response.StatusCode;
    }

    private static Task<GuardedApp> StartAsync(string answer, string section = HundredDollars, string type = "application/json") => GuardedApp.StartAsync(
        section,
        app => app.Map("/{**rest}", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.ContentType = type;
            await context.Response.WriteAsync(answer);
        }));
}
