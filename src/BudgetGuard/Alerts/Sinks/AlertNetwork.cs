using System.Net;
using System.Net.Sockets;

namespace BudgetGuard.Alerts.Sinks;

/// <summary>Names and sockets as alerts use them. Tests put others in their place.</summary>
internal class AlertNetwork
{
    /// <summary>The addresses of a name.</summary>
    public virtual Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken);

    /// <summary>Opens a connection to the first address that takes one.</summary>
    public virtual async ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Resolves, looks at what came out and connects to that very address: a name that is resolved a second time may have another one by then.
    /// </summary>
    public async ValueTask<Stream> ConnectPublicAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await ResolveAsync(target.Host.TrimEnd('.'), cancellationToken).ConfigureAwait(false);
        foreach (IPAddress address in addresses)
        {
            // One is enough: nobody's public receiver has a private address beside its own.
            if (!AddressRules.IsPublic(address))
            {
                throw new PrivateAddressException();
            }
        }

        return await ConnectAsync(addresses, target.Port, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>A receiver's name has an address that is not public. Says no more: whoever may set addresses must not map the network with them.</summary>
internal sealed class PrivateAddressException() : IOException("The address is of this machine or a private network.");
