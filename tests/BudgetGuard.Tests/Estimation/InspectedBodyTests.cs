using System.IO.Compression;
using System.Text;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace BudgetGuard.Tests.Estimation;

public sealed class InspectedBodyTests
{
    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1000)]
    [InlineData(true, 3_000_000)]
    [InlineData(false, 0)]
    [InlineData(false, 1000)]
    [InlineData(false, 1_048_576)]
    [InlineData(false, 3_000_000)]
    public async Task T69_App_sees_the_body_byte_for_byte(bool testServer, int size)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _ = testServer ? builder.WebHost.UseTestServer() : builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(async context =>
        {
            using var body = await InspectedBody.ReadAsync(context, ModelApis.OpenAIChat, null, 1 << 25, TimeSpan.FromSeconds(30), TimeProvider.System, default);
            var seen = new MemoryStream();
            await (context.Request.Query.ContainsKey("pipe") ? context.Request.BodyReader.CopyToAsync(seen) : context.Request.Body.CopyToAsync(seen));
            context.Response.Headers["X-Model"] = body.Request?.Model ?? body.Error!.Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await context.Response.Body.WriteAsync(seen.ToArray());
        });
        await app.StartAsync();
        using var client = testServer ? app.GetTestClient() : new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var sent = size == 0 ? [] : Encoding.UTF8.GetBytes("{\"model\":\"m\",\"messages\":[{\"content\":\"" + new string('x', size) + "\"}]}");
        foreach (var target in new[] { "/", "/?pipe" })
        {
            foreach (var chunked in new[] { false, true })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ByteArrayContent(sent) };
                request.Headers.TransferEncodingChunked = chunked;
                using var answer = await client.SendAsync(request);
                Assert.Equal(size == 0 ? "400" : "m", answer.Headers.GetValues("X-Model").Single());
                Assert.Equal(sent, await answer.Content.ReadAsByteArrayAsync());
            }
        }
    }

    [Theory]
    [InlineData("gzip, gzip", 415)]
    [InlineData("zstd", 415)]
    [InlineData("gzip", 413)]
    public async Task T57_T58_Bombs_and_unknown_encodings_are_refused(string encoding, int status)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes("{\"model\":\"" + new string(' ', 1_000_000) + "\"}"));
        }

        var context = new DefaultHttpContext();
        packed.Position = 0;
        context.Request.Body = packed;
        context.Request.Headers.ContentEncoding = encoding;
        using var body = await InspectedBody.ReadAsync(context, ModelApis.OpenAIChat, null, 100_000, TimeSpan.FromSeconds(30), TimeProvider.System, default);
        Assert.Equal(status, body.Error?.Status);
    }
}
