using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Caching;

/// <summary>What one scrub pass found.</summary>
/// <param name="Began">When, UTC.</param>
/// <param name="Deep">True when SHA-256 was compared, not CRC-32 alone.</param>
/// <param name="Pieces">Pieces read.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Rotten">What was wrong.</param>
public sealed record CacheScrubReport(DateTimeOffset Began, bool Deep, int Pieces, long Bytes, ImmutableArray<RottenPiece> Rotten);

/// <summary>One piece that was not what it had been.</summary>
/// <param name="Digest">The blob.</param>
/// <param name="Piece">Which piece.</param>
/// <param name="Mended">True when it was fetched again and proven.</param>
/// <param name="Quarantined">Name of the file in quarantine that has the rotten bytes, or null when they could not be read.</param>
/// <param name="Detail">What was wrong, and why it could not be mended.</param>
public sealed record RottenPiece(Sha256Digest Digest, int Piece, bool Mended, string? Quarantined, string Detail);
