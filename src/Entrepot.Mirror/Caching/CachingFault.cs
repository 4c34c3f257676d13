namespace Entrepot.Mirror.Caching;

/// <summary>Why the edge's cache can't be used or bytes can't be had through it.</summary>
public enum CachingFault
{
    /// <summary>The piece is not held and neither the origin nor a peer gives it; the message names each with its reason.</summary>
    PieceUnavailable,

    /// <summary>The piece is not held and the caller asked for held bytes only.</summary>
    NotHeld,

    /// <summary>Too many transfers wait for memory, because the disk has no room.</summary>
    BuffersExhausted,

    /// <summary>The cache folder can't be made, read or written.</summary>
    Folder,

    /// <summary>A fingerprint contradicts itself, or another one of the same digest.</summary>
    InconsistentFingerprint,

    /// <summary>The cache is being closed.</summary>
    Closed,
}
