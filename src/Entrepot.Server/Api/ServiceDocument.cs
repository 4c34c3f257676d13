namespace Entrepot.Server.Api;

/// <summary>A running instance of a service, as <c>/v1/services</c> shows it.</summary>
/// <param name="Service">What it is: <c>push</c>, <c>metadata</c>, <c>admin</c>, <c>scheduler</c> or <c>edge</c>.</param>
/// <param name="Node">The node that runs it.</param>
/// <param name="Site">Where that is.</param>
/// <param name="Address">Host name or IP address to connect to.</param>
/// <param name="Port">The leased port.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Url">Its base address without a trailing slash.</param>
/// <param name="Generation">Generation of the lease, which only the node's own process knows; null for other nodes.</param>
/// <param name="Tags">The zone that it faces, where that is known, and the scheme.</param>
public sealed record ServiceDocument(
    string Service, string Node, string Site, string Address, int Port, string Protocol, string Url, long? Generation, IReadOnlyList<string> Tags);
