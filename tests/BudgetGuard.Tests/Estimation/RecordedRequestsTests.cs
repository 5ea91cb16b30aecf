using System.Text;
using System.Text.Json;
using BudgetGuard.Estimation;
using BudgetGuard.Identification;
using Xunit.Abstractions;

namespace BudgetGuard.Tests.Estimation;

public sealed class RecordedRequestsTests(ITestOutputHelper output)
{
    [SharedDataFact]
    public void Bound_covers_recorded_requests_without_being_far_off()
    {
        var ratios = new Dictionary<string, List<double>>();
        var all = new List<double>();
        foreach (var line in File.ReadLines(Path.Combine(SharedData.Folder!, "usage/estimation/requests-with-actuals.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            var root = row.RootElement;
            var path = root.GetProperty("path").GetString()!.Split('?')[0];
            var api = ModelApis.Match(path, out var model);
            var expected = root.GetProperty("api").GetString() switch
            {
                "chat" => "openai.chat",
                "responses" => "openai.responses",
                "messages" => "anthropic.messages",
                "gemini" => "gemini.generate",
                _ => "bedrock.converse",
            };
            Assert.Equal(expected, api?.Name);
            var error = ModelRequestReader.TryRead(Encoding.UTF8.GetBytes(root.GetProperty("request").GetRawText()), api!, model, out var request);
            Assert.True(error is null, $"{root.GetProperty("id")}: {error?.Message}");
            var bound = TokenBound.Input(request!, request!.Model);
            Assert.True(bound > 0);
            if (root.GetProperty("has_server_tools").GetBoolean() || root.GetProperty("hidden_input").GetArrayLength() > 0)
            {
                continue;
            }

            var ratio = bound / (double)root.GetProperty("actual_input_tokens").GetInt64();
            all.Add(ratio);
            var provider = root.GetProperty("provider").GetString()!;
            ratios.TryAdd(provider, []);
            ratios[provider].Add(ratio);
        }

        foreach (var (provider, values) in ratios)
        {
            output.WriteLine($"{provider}: n = {values.Count}, covered {Covered(values):P1}, median {Median(values):F2}");
        }

        output.WriteLine($"all: n = {all.Count}, covered {Covered(all):P1}, median {Median(all):F2}");
        Assert.Equal(545, all.Count);
        Assert.True(Covered(all) >= 0.85, $"covered {Covered(all):P1}");
        Assert.True(Median(all) < 2, $"median {Median(all):F2}");
    }

    private static double Covered(List<double> ratios) => ratios.Count(ratio => ratio >= 1) / (double)ratios.Count;

    private static double Median(List<double> ratios) => ratios.Order().ElementAt(ratios.Count / 2);
}
