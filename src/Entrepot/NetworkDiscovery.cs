using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli;

/// <summary>Finds the network that a command is about: the one that is named, else the node that runs on the data folder.</summary>
internal static class NetworkDiscovery
{
    /// <summary>Finds and connects. Order: <c>--server</c>, <c>--data</c>, <c>ENTREPOT_SERVER</c>, the default data folder.</summary>
    public static async Task<EntrepotClient> ConnectAsync(
        HttpClient http, CliEnvironment environment, string? server, string dataFolder, bool dataNamed, CancellationToken cancellation)
    {
        if (server is null && !dataNamed)
            server = environment.Variable("ENTREPOT_SERVER") is { Length: > 0 } variable ? variable : null;
        if (server is not null)
            return await EntrepotClient.ConnectAsync(http, ParseServer(server), cancellation);
        if (Announced(dataFolder) is { } network)
            return await ConnectAsync(http, network, dataFolder, cancellation);
        throw Fault.Of(
            CliFault.NoNetwork, FaultKind.Unavailable,
            $"no network is known: no node runs on the data folder '{Path.GetFullPath(dataFolder)}', and neither --server nor ENTREPOT_SERVER names one.",
            "Start one with 'entrepot up', or name one with --server http://HOST:3000.").ToException();
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

    private static Task<EntrepotClient> ConnectAsync(HttpClient http, AnnouncedNetwork network, string dataFolder, CancellationToken cancellation)
    {
        if (network.Surfaces.Count == 0 || network.Surfaces.Any(static surface => surface.Surface != "edge"))
            return Task.FromResult(new EntrepotClient(http, network));
        // An edge knows bytes; who asks about the network is sent to its origin.
        if (Uri.TryCreate(network.Origin, UriKind.Absolute, out var origin))
            return EntrepotClient.ConnectAsync(http, origin, cancellation);
        throw Fault.Of(
            CliFault.NoNetwork, FaultKind.Unavailable,
            $"the node '{network.Node}' on the data folder '{Path.GetFullPath(dataFolder)}' is an edge and does not tell which origin it belongs to.",
            "Name the origin's metadata surface with --server http://ORIGIN:3000.").ToException();
    }

    private static Uri ParseServer(string text)
    {
        var address = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0
            ? uri
            : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"'{text}' is no address of a server.", "Write http://HOST:PORT.").ToException();
    }
}
