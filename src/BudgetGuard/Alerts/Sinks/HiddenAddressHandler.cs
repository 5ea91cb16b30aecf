namespace BudgetGuard.Alerts.Sinks;

/// <summary>
/// Puts the address into a request at the very end, and takes it out again. All that watches requests on the way (event sources of HttpClient, handlers and
/// filters of the application) only sees scheme, host and port, because paths and queries of chat webhooks are their passwords.
/// </summary>
internal sealed class HiddenAddressHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    public static readonly HttpRequestOptionsKey<Uri> Address = new("BudgetGuard.Alerts.Address");

    public static Uri Origin(Uri url) => new(url.GetLeftPart(UriPartial.Authority));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri? shown = request.RequestUri;
        if (request.Options.TryGetValue(Address, out Uri? address))
        {
            request.RequestUri = address;
        }

        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            request.RequestUri = shown;
        }
    }
}
