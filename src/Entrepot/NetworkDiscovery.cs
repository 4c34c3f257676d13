using System.Text.Json;
using Entrepot.Cli.Commands;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;

namespace Entrepot.Cli;

/// <summary>Finds the network that a command is about: the one that is named, else the node that runs on the data folder.</summary>
/// <param name="http">Its client shows the credential.</param>
/// <param name="credential">Is told what to show, and to whom.</param>
/// <param name="environment">Where variables are.</param>
/// <param name="tokenFile">The file with the token that was named, or null.</param>
/// <param name="showsCertificate">True when a certificate is shown.</param>
internal sealed class NetworkDiscovery(HttpClient http, ClientCredential credential, CliEnvironment environment, string? tokenFile, bool showsCertificate)
{
    /// <summary>Finds and connects. Order: <c>--server</c>, <c>--data</c>, <c>ENTREPOT_SERVER</c>, the default data folder. The credential is the one that
    /// is named, else the session of whoever signed in, else that of the node on this machine.</summary>
    public async Task<EntrepotClient> ConnectAsync(string? server, string dataFolder, bool dataNamed, CancellationToken cancellation)
    {
        if (server is null && !dataNamed)
            server = environment.Variable("ENTREPOT_SERVER") is { Length: > 0 } variable ? variable : null;
        var announced = Announced(dataFolder);
        var token = Named();
        EntrepotClient client;
        if (server is not null)
        {
            var address = ParseServer(server);
            token ??= SessionOf(address);
            if (token is null && announced is not null && IsOf(announced, address))
                token = TokenSource.OfNode(DataFolder.OperatorTokenFile(dataFolder));
            credential.Use(token, [address.AbsoluteUri]);
            client = await EntrepotClient.ConnectAsync(http, address, cancellation);
        }
        else
        {
            token ??= SessionOf(announced) ?? TokenSource.OfNode(DataFolder.OperatorTokenFile(dataFolder));
            client = await ConnectAsync(announced, token, dataFolder, cancellation);
        }

        // A certificate is shown over TLS alone.
        if (showsCertificate)
            client = new EntrepotClient(http, client.Network with { Surfaces = [.. client.Network.Surfaces.Select(EntrepotClient.Secure)] });

        // Edges serve bytes to everybody, and judge no credential.
        credential.Use(token, client.Network.Surfaces.Where(static surface => surface.Surface != "edge").Select(static surface => surface.Url));
        return client;
    }

    /// <summary>Finds and connects as nobody, to begin or end a session: one that is kept may be over, and whoever sends it is refused.</summary>
    public async Task<EntrepotClient> ConnectAsNobodyAsync(string? server, string dataFolder, bool dataNamed, CancellationToken cancellation)
    {
        if (server is null && !dataNamed)
            server = environment.Variable("ENTREPOT_SERVER") is { Length: > 0 } variable ? variable : null;
        credential.Use(null, []);
        if (server is null)
            return await ConnectAsync(Announced(dataFolder), static () => null, dataFolder, cancellation);
        var address = ParseServer(server);
        try
        {
            return await EntrepotClient.ConnectAsync(http, address, cancellation);
        }
        catch (FaultException error) when (error.Fault.Is(AccessFault.Anonymous))
        {
            // Where surfaces.metadata.public is false, nobody is told of the network; signing in is for everybody all the same.
            return EntrepotClient.At(http, address);
        }
    }

    /// <summary>What the node on a data folder has announced, or null.</summary>
    public static AnnouncedNetwork? Announced(string dataFolder)
    {
        try
        {
            using var file = File.OpenRead(DataFolder.NetworkFile(dataFolder));
            return JsonSerializer.Deserialize(file, ApiJson.Default.AnnouncedNetwork) is { Surfaces: not null } network ? network : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private Task<EntrepotClient> ConnectAsync(AnnouncedNetwork? network, Func<string?> token, string dataFolder, CancellationToken cancellation)
    {
        if (network is null)
            throw Fault.Of(
                CliFault.NoNetwork, FaultKind.Unavailable,
                $"no network is known: no node runs on the data folder '{Path.GetFullPath(dataFolder)}', and neither --server nor ENTREPOT_SERVER names one.",
                "Start one with 'entrepot up', or name one with --server http://HOST:3000.").ToException();
        if (network.Surfaces.Count == 0 || network.Surfaces.Any(static surface => surface.Surface != "edge"))
            return Task.FromResult(new EntrepotClient(http, network));
        // An edge knows bytes; who asks about the network is sent to its origin.
        if (!Uri.TryCreate(network.Origin, UriKind.Absolute, out var origin))
            throw Fault.Of(
                CliFault.NoNetwork, FaultKind.Unavailable,
                $"the node '{network.Node}' on the data folder '{Path.GetFullPath(dataFolder)}' is an edge and does not tell which origin it belongs to.",
                "Name the origin's metadata surface with --server http://ORIGIN:3000.").ToException();
        credential.Use(token, [origin.AbsoluteUri]);
        return EntrepotClient.ConnectAsync(http, origin, cancellation);
    }

    /// <summary>The session that was begun at a metadata surface, or null.</summary>
    private Func<string?>? SessionOf(Uri server)
        => SignInCommand.Sessions(environment).Find(server) is { } session ? () => session : null;

    private Func<string?>? SessionOf(AnnouncedNetwork? network)
        => network?.Surfaces.FirstOrDefault(static surface => surface.Surface == "metadata") is { } metadata
            ? SessionOf(new Uri(network.Local?.GetValueOrDefault(metadata.Url) ?? metadata.Url))
            : null;

    /// <summary>The token that somebody named, or null.</summary>
    private Func<string?>? Named()
    {
        if (tokenFile is not null)
            return TokenSource.OfFile(tokenFile);
        if (environment.Variable("ENTREPOT_TOKEN") is { Length: > 0 } token)
            return TokenSource.OfText(token, "ENTREPOT_TOKEN");
        return environment.Variable("ENTREPOT_TOKEN_FILE") is { Length: > 0 } file ? TokenSource.OfFile(file) : null;
    }

    /// <summary>True when an address is that of the node on the data folder.</summary>
    private static bool IsOf(AnnouncedNetwork network, Uri address)
        => network.Surfaces.Where(static surface => surface.Surface == "metadata").SelectMany(surface => new[] { surface.Url, network.Local?.GetValueOrDefault(surface.Url) })
            .Any(url => url is not null && Uri.Compare(new Uri(url), address, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0);

    private static Uri ParseServer(string text)
    {
        var address = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0
            ? uri
            : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"'{text}' is no address of a server.", "Write http://HOST:PORT.").ToException();
    }
}
