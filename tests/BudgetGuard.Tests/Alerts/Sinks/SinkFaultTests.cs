using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>Receivers that redirect, break off, never end, or are not who they say they are.</summary>
public sealed class SinkFaultTests
{
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task T176_Target_of_a_redirect_gets_nothing(int status)
    {
        await using AlertReceiver inside = await AlertReceiver.StartAsync();
        foreach (string type in SinkRig.Posting)
        {
            await using AlertReceiver receiver = await AlertReceiver.StartAsync();
            receiver.Answer = context =>
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = inside.Address + "CANARY";
                return Task.CompletedTask;
            };
            AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Create(type, receiver));
            Assert.True(failure.IsPermanent);
            Assert.Contains("redirect", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("CANARY", failure.ToString(), StringComparison.Ordinal);
            Assert.Single(receiver.Received);
        }

        Assert.Empty(inside.Received);
    }

    [Theory]
    [MemberData(nameof(SinkRig.Types), MemberType = typeof(SinkRig))]
    public async Task T168_Nobody_there_is_worth_another_try_and_told_without_the_address(string type)
    {
        int port;
        using (TcpListener closed = new(IPAddress.Loopback, 0))
        {
            closed.Start();
            port = ((IPEndPoint)closed.LocalEndpoint).Port;
        }

        AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Factory(type).Create("ops", SinkRig.Options($"http://127.0.0.1:{port}/CANARY")));
        Assert.False(failure.IsPermanent);
        Assert.DoesNotContain("CANARY", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SinkRig.Types), MemberType = typeof(SinkRig))]
    public async Task T168_Connection_that_breaks_off_is_worth_another_try(string type)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.False((await SinkRig.FailsAsync(SinkRig.Create(type, receiver))).IsPermanent);
    }

    [Theory]
    [InlineData("Slack")]
    [InlineData("Discord")]
    public async Task T181_Answer_without_an_end_is_not_read_to_it(string type)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = static async context =>
        {
            context.Response.StatusCode = 429;
            byte[] part = new byte[16 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(part);
            }
        };
        Assert.False((await SinkRig.FailsAsync(SinkRig.Create(type, receiver))).IsPermanent);
    }

    [Theory]
    [MemberData(nameof(SinkRig.Types), MemberType = typeof(SinkRig))]
    public async Task T169_Success_is_one_though_its_body_hangs(string type)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        receiver.Answer = static async context =>
        {
            await context.Response.Body.FlushAsync();
            TaskCompletionSource gone = new();
            await using CancellationTokenRegistration _ = context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
        };
        await SinkRig.SucceedsAsync(SinkRig.Create(type, receiver));
    }

    [Fact]
    public async Task T181_Certificate_of_nobody_is_not_accepted()
    {
        using ECDsa key = ECDsa.Create();
        CertificateRequest request = new("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await using AlertReceiver receiver = await AlertReceiver.StartAsync(certificate);
        foreach (string type in SinkRig.Posting)
        {
            AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Create(type, receiver));
            Assert.Equal((false, true), (failure.IsPermanent, failure.Message.Contains("certificate", StringComparison.Ordinal)));
        }

        Assert.Empty(receiver.Received);
    }
}
