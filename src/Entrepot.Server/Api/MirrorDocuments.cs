using System.Globalization;
using System.Text.Json.Serialization;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Api;

/// <summary>A mirror as <c>/v1/mirrors</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>hosted</c>; <c>synced</c> and <c>proxy</c> are refused by this version.</param>
/// <param name="Format"><c>tree</c> or <c>oci</c>; others are refused by this version.</param>
/// <param name="Description">One line for people, possibly empty.</param>
/// <param name="Retention">How long old snapshots stay.</param>
/// <param name="CreatedAt">When, UTC.</param>
/// <param name="Current">The published snapshot; a new mirror has the empty snapshot 0.</param>
public sealed record MirrorDocument(
    string Name, string Kind, string Format, string Description, RetentionDocument Retention, DateTimeOffset CreatedAt, SnapshotDocument Current)
{
    /// <summary><c>private</c> when reading it takes a credential; null for a public one.</summary>
    public string? Access { get; init; }
}

/// <summary>How long old snapshots stay: a snapshot is dropped when neither rule holds it. The current one always stays.</summary>
/// <param name="KeepSnapshots">The newest so many stay, 1–100,000; null for no such rule.</param>
/// <param name="KeepDays">Those published within so many days stay, 1–36,500; null for no such rule. With both null everything stays.</param>
public sealed record RetentionDocument(int? KeepSnapshots, int? KeepDays);

/// <summary>Asks for a new mirror.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Null means <c>hosted</c>.</param>
/// <param name="Format">Null means <c>tree</c>.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Retention">Null means keep the newest 10 snapshots.</param>
/// <param name="Access"><c>private</c> or <c>public</c>; null means public.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateMirrorRequest(
    [property: JsonRequired] string Name, string? Kind = null, string? Format = null, string? Description = null, RetentionDocument? Retention = null,
    string? Access = null);

/// <summary>Asks for changes of a mirror's settings; what is null stays as it is.</summary>
/// <param name="Description">One line for people.</param>
/// <param name="Retention">How long old snapshots stay.</param>
/// <param name="Access"><c>private</c> or <c>public</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UpdateMirrorRequest(string? Description = null, RetentionDocument? Retention = null, string? Access = null);

/// <summary>One immutable version of a mirror.</summary>
/// <param name="Number">Counted from 1 in each mirror.</param>
/// <param name="Root">SHA-256 of the listing in <c>sha256sum</c> form, sorted by path bytes.</param>
/// <param name="PublishedAt">When, UTC.</param>
/// <param name="Actor">Who published it.</param>
/// <param name="Note">Why, possibly empty.</param>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their total size, duplicates counted each time.</param>
/// <param name="IsCurrent">True for the one that clients see.</param>
public sealed record SnapshotDocument(
    long Number, Sha256Digest Root, DateTimeOffset PublishedAt, string Actor, string Note, int Files, long Bytes, bool IsCurrent);

/// <summary>What changed from one snapshot to another.</summary>
public sealed record SnapshotDiffDocument(
    string Mirror, long From, long To, IReadOnlyList<FileDocument> Added, IReadOnlyList<FileDocument> Removed, IReadOnlyList<FileChangeDocument> Changed);

/// <summary>One file whose bytes differ between two snapshots.</summary>
public sealed record FileChangeDocument(ContentPath Path, Sha256Digest From, Sha256Digest To, long FromSize, long ToSize);

/// <summary>One file of a snapshot.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Path">Its path in the mirror.</param>
/// <param name="Snapshot">The snapshot it was looked up in.</param>
/// <param name="Digest">The blob.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">The file's own time, UTC, whole seconds.</param>
public sealed record FileDocument(string Mirror, ContentPath Path, long Snapshot, Sha256Digest Digest, long Size, DateTimeOffset Modified);

/// <summary>One file of a snapshot, as a line of <c>/v1/mirrors/MIRROR/entries</c>.</summary>
/// <param name="Path">Its path in the mirror.</param>
/// <param name="Digest">The blob.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">The file's own time, UTC, whole seconds.</param>
public sealed record EntryDocument(ContentPath Path, Sha256Digest Digest, long Size, DateTimeOffset Modified);

/// <summary>A folder of a snapshot.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Path">The folder's path without a trailing slash; empty for the root.</param>
/// <param name="Snapshot">The snapshot it was looked up in.</param>
/// <param name="Root">That snapshot's root digest.</param>
/// <param name="Items">Folders first, then files, each by name.</param>
public sealed record FolderDocument(string Mirror, string Path, long Snapshot, Sha256Digest Root, IReadOnlyList<FolderItem> Items);

/// <summary>One line of a folder.</summary>
/// <param name="Name">The last segment.</param>
/// <param name="Type"><c>file</c> or <c>folder</c>.</param>
/// <param name="Size">Bytes; for a folder the sum of what is below.</param>
/// <param name="Modified">The file's time; for a folder the newest below.</param>
/// <param name="Digest">The blob; null for a folder.</param>
/// <param name="Files">Files below; 1 for a file.</param>
public sealed record FolderItem(string Name, string Type, long Size, DateTimeOffset Modified, Sha256Digest? Digest, int Files);

/// <summary>A fingerprint on the wire.</summary>
/// <param name="Digest">SHA-256 of the whole.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Crc32">8 hex digits.</param>
/// <param name="Md5">32 hex digits, or null until computed.</param>
/// <param name="PieceSize">Bytes of each piece but the last.</param>
/// <param name="Pieces">Base64 of 36 bytes a piece: CRC-32 big-endian, then SHA-256.</param>
public sealed record FingerprintDocument(Sha256Digest Digest, long Size, string Crc32, string? Md5, int PieceSize, byte[] Pieces)
{
    /// <summary>What to append to <c>/v1/blobs/DIGEST?</c> at an edge, in a network with private mirrors; good for an hour. Else null.</summary>
    public string? Grant { get; init; }

    /// <summary>The fingerprint, or null when the document is not one: a number or list of another form, or parts that contradict each other.
    /// Whether it is the one that was asked for is left to the caller.</summary>
    public Fingerprint? TryRead()
    {
        Md5Digest md5 = default;
        if (Crc32 is not { Length: 8 } || !uint.TryParse(Crc32, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc32)
            || (Md5 is not null && !Md5Digest.TryParse(Md5, out md5)) || Pieces is null || Pieces.Length % Fingerprint.PackedPiece != 0)
            return null;
        var fingerprint = new Fingerprint(Digest, Size, crc32, Md5 is null ? null : md5, PieceSize, Fingerprint.UnpackPieces(Pieces));
        return fingerprint.IsConsistent() ? fingerprint : null;
    }
}
