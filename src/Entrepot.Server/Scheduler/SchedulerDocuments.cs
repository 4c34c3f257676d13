using System.Text.Json.Serialization;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;

namespace Entrepot.Server.Scheduler;

/// <summary>Why a file goes where it goes: <c>?explain</c>.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Path">The file's path in it.</param>
/// <param name="Snapshot">The published snapshot.</param>
/// <param name="Digest">The file's bytes.</param>
/// <param name="Size">Their length.</param>
/// <param name="Client">The client's address as seen here.</param>
/// <param name="Site">The client's site, or null when no rule matches its address.</param>
/// <param name="Network">The rule's block of addresses, or null likewise.</param>
/// <param name="Mode"><c>redirect</c> or <c>proxy</c>.</param>
/// <param name="Outcome">What the client would get, one sentence.</param>
/// <param name="Chosen">Edges that may serve, best first.</param>
/// <param name="Excluded">All others.</param>
public sealed record ExplainDocument(
    string Mirror, ContentPath Path, long Snapshot, Sha256Digest Digest, long Size, string Client, string? Site, string? Network, string Mode,
    string Outcome, IReadOnlyList<ChosenEdgeDocument> Chosen, IReadOnlyList<ExcludedEdgeDocument> Excluded)
{
    internal static string TextOf(ExcludeReason reason) => reason switch
    {
        ExcludeReason.Out => "out",
        ExcludeReason.Draining => "draining",
        ExcludeReason.Joining => "joining",
        ExcludeReason.Avoided => "avoided",
        ExcludeReason.LoopbackAddress => "loopback-address",
        ExcludeReason.NoKey => "no-key",
        ExcludeReason.AtCapacity => "at-capacity",
        ExcludeReason.RecentErrors => "recent-errors",
        _ => "overloaded",
    };
}

/// <summary>An edge that may serve.</summary>
/// <param name="Edge">Its name.</param>
/// <param name="Priority">1 is the best.</param>
/// <param name="Url">The file there.</param>
/// <param name="Sites">Where it is.</param>
/// <param name="Distance">0 is the client's own site.</param>
/// <param name="Score">Decides among equally distant edges; the product of the three weights over −ln of the hash.</param>
/// <param name="Hash">Rendezvous hash of file and edge, 0–1.</param>
/// <param name="LoadWeight">0.5–1.</param>
/// <param name="ErrorWeight">0–1.</param>
/// <param name="FitWeight">0.1 when the file is larger than its cache, else 1.</param>
/// <param name="ActiveTransfers">Downloads in progress at its last heart-beat.</param>
/// <param name="RecentErrors">Weight of its recent errors.</param>
public sealed record ChosenEdgeDocument(
    string Edge, int Priority, string Url, IReadOnlyList<string> Sites, int Distance, double Score, double Hash, double LoadWeight,
    double ErrorWeight, double FitWeight, int ActiveTransfers, double RecentErrors);

/// <summary>An edge that may not serve.</summary>
/// <param name="Edge">Its name.</param>
/// <param name="Reason"><c>out</c>, <c>draining</c>, <c>joining</c>, <c>avoided</c>, <c>loopback-address</c>, <c>at-capacity</c>,
/// <c>recent-errors</c> or <c>overloaded</c>.</param>
/// <param name="Detail">The reason with its figures.</param>
/// <param name="Sites">Where it is.</param>
public sealed record ExcludedEdgeDocument(string Edge, string Reason, string Detail, IReadOnlyList<string> Sites);

/// <summary>Where a file can be had: <c>?mirrorlist</c>.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Path">The file's path in it.</param>
/// <param name="Snapshot">The published snapshot.</param>
/// <param name="Digest">The file's bytes.</param>
/// <param name="Size">Their length.</param>
/// <param name="Modified">The file's time, UTC.</param>
/// <param name="Sources">Addresses, best first; the last is the scheduler itself, which always knows a way.</param>
public sealed record MirrorListDocument(
    string Mirror, ContentPath Path, long Snapshot, Sha256Digest Digest, long Size, DateTimeOffset Modified, IReadOnlyList<SourceDocument> Sources);

/// <summary>One address of a file.</summary>
/// <param name="Url">The address, pinned to the digest.</param>
/// <param name="Priority">1 is the best.</param>
/// <param name="Edge">The edge's name; null for the scheduler.</param>
/// <param name="Sites">Where it is.</param>
public sealed record SourceDocument(string Url, int Priority, string? Edge, IReadOnlyList<string> Sites);

/// <summary>One edge's reason in a problem document.</summary>
/// <param name="Edge">Its name.</param>
/// <param name="Reason">The named reason.</param>
/// <param name="Detail">The reason with its figures.</param>
public sealed record EdgeErrorDocument(string Edge, string Reason, string Detail);

/// <summary>How the scheduler's documents are written; the same way as those of the API.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ExplainDocument))]
[JsonSerializable(typeof(MirrorListDocument))]
[JsonSerializable(typeof(IReadOnlyList<EdgeErrorDocument>))]
internal sealed partial class SchedulerJson : JsonSerializerContext;
