using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Integrity;

/// <summary>The proof of one piece: CRC-32 (IEEE 802.3) for speed, SHA-256 for trust.</summary>
/// <param name="Crc32">CRC-32 of the piece.</param>
/// <param name="Sha256">SHA-256 of the piece.</param>
public readonly record struct Piece(uint Crc32, Sha256Digest Sha256);
