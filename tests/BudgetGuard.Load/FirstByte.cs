using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace BudgetGuard.Load;

/// <summary>How long the first byte of a stream takes to come through each proxy, asked in turns.</summary>
internal static class FirstByte
{
    public static async Task MeasureAsync(int count, string[] proxies)
    {
        using HttpClient client = new();
        double[][] took = [.. proxies.Select(_ => new double[count])];
        for (int i = -200; i < count; i++)
        {
            for (int at = 0; at < proxies.Length; at++)
            {
                double micros = await AskAsync(client, proxies[at]);
                if (i >= 0)
                {
                    took[at][i] = micros;
                }
            }
        }

        for (int at = 0; at < proxies.Length; at++)
        {
            Array.Sort(took[at]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{proxies[at]} first byte: median {took[at][count / 2]:0} us, p99 {took[at][count * 99 / 100]:0} us"));
        }
    }

    private static async Task<double> AskAsync(HttpClient client, string proxy)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, proxy + "/v1/chat/completions")
        {
            Content = new StringContent(
                """{"model":"gpt-4o-mini","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"hello"}]}""",
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")),
        };
        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[4096];
        int read = await body.ReadAsync(buffer);
        double micros = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        while (read > 0)
        {
            read = await body.ReadAsync(buffer);
        }

        return micros;
    }
}
