namespace Entrepot.Server.Api;

/// <summary>An edge's cache: <c>/v1/cache</c> of the edge. All sizes in bytes; totals are since the start of the process.</summary>
/// <param name="Node">The edge.</param>
/// <param name="Blobs">Blobs known.</param>
/// <param name="HeldBytes">Verified pieces on disk, and pieces that are on their way in.</param>
/// <param name="CapacityBytes">The cap.</param>
/// <param name="FreeBytes">Free space on the cache's disk.</param>
/// <param name="BufferedBytes">Memory in use for pieces in flight.</param>
/// <param name="OpenFiles">Data files open.</param>
/// <param name="DiskPaused">True while the disk has no room, or fails, and pieces are served through without being kept.</param>
/// <param name="ActiveTransfers">Downloads in progress.</param>
/// <param name="ActiveFills">Pieces being fetched from upstream.</param>
/// <param name="SentBytes">Sent to clients.</param>
/// <param name="FetchedBytes">Verified bytes fetched from upstream.</param>
/// <param name="PassedBytes">Fetched and served without being kept.</param>
/// <param name="EvictedBytes">Given up for others.</param>
/// <param name="Hits">Pieces that requests found held.</param>
/// <param name="Misses">Pieces that requests waited for.</param>
/// <param name="Errors">Failed attempts at a source, and rotten pieces.</param>
/// <param name="RottenPieces">Pieces found rotten on disk.</param>
/// <param name="Sources">Where missing pieces come from, the preferred one first.</param>
/// <param name="LastScrub">The last finished pass over what is held, or null.</param>
public sealed record CacheDocument(
    string Node, int Blobs, long HeldBytes, long CapacityBytes, long FreeBytes, long BufferedBytes, int OpenFiles, bool DiskPaused,
    int ActiveTransfers, int ActiveFills, long SentBytes, long FetchedBytes, long PassedBytes, long EvictedBytes, long Hits, long Misses,
    long Errors, long RottenPieces, IReadOnlyList<SourceDocument> Sources, ScrubDocument? LastScrub);

/// <summary>One pass over everything that an edge holds.</summary>
/// <param name="Began">When, UTC.</param>
/// <param name="Deep">True when SHA-256 was compared, not CRC-32 alone.</param>
/// <param name="Pieces">Pieces read.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Damaged">What was wrong.</param>
public sealed record ScrubDocument(DateTimeOffset Began, bool Deep, int Pieces, long Bytes, IReadOnlyList<DamageDocument> Damaged);

/// <summary>One source of pieces.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Benched">True while it is left alone after a failure.</param>
/// <param name="BenchedUntil">Until when, UTC, or null.</param>
/// <param name="LastFailure">Why it failed last, or null.</param>
/// <param name="LastFailureDetail">The same as a sentence.</param>
/// <param name="BytesPerSecond">Smoothed rate of one transfer.</param>
/// <param name="Bytes">Verified bytes it gave.</param>
/// <param name="Failures">Failed attempts.</param>
public sealed record SourceDocument(
    string Name, bool Benched, DateTimeOffset? BenchedUntil, string? LastFailure, string? LastFailureDetail, long BytesPerSecond, long Bytes, int Failures);
