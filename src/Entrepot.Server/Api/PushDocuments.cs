using System.Text.Json.Serialization;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Api;

/// <summary>What a finished push answers.</summary>
/// <param name="Mirror">The mirror, or null for a blob that is not published yet.</param>
/// <param name="Path">The path, or null likewise.</param>
/// <param name="Snapshot">The snapshot that holds it, or null likewise.</param>
/// <param name="Root">That snapshot's root digest, or null likewise.</param>
/// <param name="Digest">The blob.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Created">False when the path held these very bytes before.</param>
public sealed record PushResult(string? Mirror, string? Path, long? Snapshot, Sha256Digest? Root, Sha256Digest Digest, long Size, bool Created);

/// <summary>Asks which blobs need not be sent.</summary>
/// <param name="Digests">At most 10,000.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MissingBlobsRequest([property: JsonRequired] IReadOnlyList<Sha256Digest> Digests);

/// <summary>The blobs that are not stored here.</summary>
public sealed record MissingBlobsDocument(IReadOnlyList<Sha256Digest> Missing);

/// <summary>Publishes many files as one snapshot. Every blob must have been pushed before.</summary>
/// <param name="Prefix">Folder below which the entries lie; empty for the root.</param>
/// <param name="Delete">True to remove files below the prefix that are not among the entries.</param>
/// <param name="Base">Refuse with 412 unless this snapshot is current; null to publish on whatever is current.</param>
/// <param name="Note">Why, for people.</param>
/// <param name="Entries">The files; paths are relative to the prefix.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PublishRequest(
    [property: JsonRequired] string Prefix, [property: JsonRequired] bool Delete, long? Base, string? Note, [property: JsonRequired] IReadOnlyList<PublishEntry> Entries);

/// <summary>One file to publish.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PublishEntry(
    [property: JsonRequired] ContentPath Path, [property: JsonRequired] Sha256Digest Digest, [property: JsonRequired] DateTimeOffset Modified);

/// <summary>Asks for an older snapshot to become current again, as a new snapshot with the same content.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RollbackRequest([property: JsonRequired] long Snapshot, string? Note = null);
