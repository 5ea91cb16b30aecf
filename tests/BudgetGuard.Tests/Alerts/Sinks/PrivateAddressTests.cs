using System.Net;
using System.Net.Sockets;
using BudgetGuard.Alerts.Sinks;

namespace BudgetGuard.Tests.Alerts.Sinks;

/// <summary>This machine, its networks and the metadata of clouds get nothing, unless they may: looked at where a socket would be opened.</summary>
public sealed class PrivateAddressTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.0.1.")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("0177.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST.")]
    [InlineData("sub.localhost")]
    [InlineData("[::1]")]
    [InlineData("[::]")]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("loopback.example")]
    [InlineData("loopback6.example")]
    [InlineData("mapped.example")]
    [InlineData("both.example")]
    [InlineData("any.example")]
    public async Task T175_Listener_on_this_machine_gets_no_connection(string host)
    {
        using TcpListener listener = Listen();
        foreach (string type in SinkRig.Posting)
        {
            // Without the check of the start, as for a name that was public at that time.
            AlertSinkOptions options = SinkRig.Options($"http://{host}:{((IPEndPoint)listener.LocalEndpoint).Port}/CANARY", allowPrivateNetworks: false);
            AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Factory(type, new Names()).Create("ops", options));
            Assert.False(listener.Pending(), $"{type} connected to {host}.");
            Assert.DoesNotContain("CANARY", failure.ToString(), StringComparison.Ordinal);

            // The others do not resolve at all; the start refuses them.
            if (host is not ("sub.localhost" or "0.0.0.0" or "[::]"))
            {
                Assert.True(failure.IsPermanent, failure.Message);
            }
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task T175_Listener_on_this_machine_is_reached_where_it_may_be(string host)
    {
        await using AlertReceiver receiver = await AlertReceiver.StartAsync();
        foreach (string type in SinkRig.Posting)
        {
            await SinkRig.SucceedsAsync(SinkRig.Factory(type).Create("ops", SinkRig.Options($"http://{host}:{receiver.Address.Port}/{type}")));
            Assert.StartsWith("/" + type, receiver.Received.Last().Path, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("100.100.100.200")]
    [InlineData("169.254.169.254")]
    [InlineData("0xA9FEA9FE")]
    [InlineData("2852039166")]
    [InlineData("168.63.129.16")]
    [InlineData("192.0.0.192")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[fc00::1]")]
    [InlineData("[fe80::1]")]
    [InlineData("[ff02::1]")]
    [InlineData("[::ffff:169.254.169.254]")]
    [InlineData("[::ffff:10.0.0.1]")]
    [InlineData("[64:ff9b::10.0.0.1]")]
    [InlineData("[64:ff9b:1::10.0.0.1]")]
    [InlineData("[2002:a00:1::1]")]
    [InlineData("[2001:0:4136:e378:8000:63bf:3fff:fdd2]")]
    [InlineData("[2001:db8::1]")]
    public async Task T175_Address_inside_is_refused_at_the_start_and_never_connected_to(string host)
    {
        Names names = new();
        foreach (string type in SinkRig.Posting)
        {
            AlertSinkOptions options = SinkRig.Options($"https://{host}/CANARY", allowPrivateNetworks: false);
            Assert.Equal("Url", Assert.Single(SinkRig.Factory(type).Check(options)).Key);
            Assert.True((await SinkRig.FailsAsync(SinkRig.Factory(type, names).Create("ops", options))).IsPermanent);
            options.AllowPrivateNetworks = true;
            Assert.Empty(SinkRig.Factory(type).Check(options));
        }

        Assert.Empty(names.Connected);
    }

    [Theory]
    [InlineData("metadata.example")]
    [InlineData("both.example")]
    [InlineData("mapped.example")]
    [InlineData("private.example")]
    public async Task T177_Name_of_an_address_inside_is_never_connected_to(string host)
    {
        Names names = new();
        AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Factory("Webhook", names).Create("ops", SinkRig.Options($"https://{host}/", allowPrivateNetworks: false)));
        Assert.True(failure.IsPermanent);
        Assert.Empty(names.Connected);
        Assert.DoesNotContain("169.254", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T177_Public_name_is_connected_to_at_the_address_that_was_looked_at()
    {
        Names names = new();
        AlertDeliveryException failure = await SinkRig.FailsAsync(SinkRig.Factory("Webhook", names).Create("ops", SinkRig.Options("https://public.example/", allowPrivateNetworks: false)));
        Assert.False(failure.IsPermanent);
        Assert.Equal([IPAddress.Parse("8.8.8.8"), IPAddress.Parse("2606:4700::1111")], names.Connected);
    }

    private static TcpListener Listen()
    {
        TcpListener listener = Socket.OSSupportsIPv6 ? TcpListener.Create(0) : new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return listener;
    }

    /// <summary>Names that lead inside; to what is not of this machine nothing is opened.</summary>
    private sealed class Names : AlertNetwork
    {
        public List<IPAddress> Connected { get; } = [];

        public override Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) => host switch
        {
            "loopback.example" => Addresses("127.0.0.1"),
            "loopback6.example" => Addresses("::1"),
            "mapped.example" => Addresses("::ffff:127.0.0.1"),
            "any.example" => Addresses("0.0.0.0", "::"),
            "both.example" => Addresses("8.8.8.8", "127.0.0.1"),
            "metadata.example" => Addresses("169.254.169.254"),
            "private.example" => Addresses("192.168.0.10", "fd12::1"),
            "public.example" => Addresses("8.8.8.8", "2606:4700::1111"),
            _ => base.ResolveAsync(host, cancellationToken),
        };

        public override ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
        {
            Connected.AddRange(addresses);
            return Array.Exists(addresses, static address => IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
                ? base.ConnectAsync(addresses, port, cancellationToken)
                : throw new IOException("Nobody is there.");
        }

        private static Task<IPAddress[]> Addresses(params string[] addresses) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse));
    }
}
