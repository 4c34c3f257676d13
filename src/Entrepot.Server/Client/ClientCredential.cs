using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using Entrepot.Core.Faults;

namespace Entrepot.Server.Client;

/// <summary>What the commands show to prove who they are: a token, for the surfaces of one network. It leaves this process over TLS or to this
/// machine itself, and to nobody else.</summary>
public sealed class ClientCredential
{
    private HashSet<string> _places = [];
    private Func<string?>? _read;

    /// <summary>Uses a token for the surfaces of a network.</summary>
    /// <param name="read">Reads the token; called for each request, as the one of a node's own machine is renewed every few minutes. Null for none.</param>
    /// <param name="surfaces">Base addresses that it may be sent to.</param>
    public void Use(Func<string?>? read, IEnumerable<string> surfaces)
    {
        _places = surfaces.Select(static url => new Uri(url).GetLeftPart(UriPartial.Authority)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        _read = read;
    }

    /// <summary>Puts the handler that sends it in front of another.</summary>
    public DelegatingHandler Before(HttpMessageHandler inner) => new Handler(this) { InnerHandler = inner };

    private bool IsFor(Uri? address) => _read is not null && address is not null && _places.Contains(address.GetLeftPart(UriPartial.Authority));

    /// <summary>True where nobody on the way can read it.</summary>
    internal static bool IsConfidential(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.IsLoopback
        || (IPAddress.TryParse(address.IdnHost, out var host) && NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static network => network.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(host)));

    private sealed class Handler(ClientCredential credential) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var withheld = false;
            if (request.Headers.Authorization is null && credential.IsFor(request.RequestUri) && credential._read!() is { } token)
            {
                withheld = !IsConfidential(request.RequestUri!);
                if (!withheld)
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            var response = await base.SendAsync(request, cancellationToken);
            if (!withheld || response.StatusCode != HttpStatusCode.Unauthorized)
                return response;
            response.Dispose();
            throw Fault.Of(
                ClientFault.ClearText, FaultKind.Forbidden,
                $"{request.RequestUri!.GetLeftPart(UriPartial.Authority)} asks for a credential and speaks clear text over a network; the token was not sent.",
                "Use the https address of the surface, or run the command on the node's own machine.").ToException();
        }
    }
}
