namespace Entrepot.Mirror.Integrity;

/// <summary>Why bytes were refused.</summary>
public enum VerificationFault
{
    /// <summary>A digest that the sender stated differs from the one computed.</summary>
    DigestMismatch,

    /// <summary>Fewer or more bytes arrived than were announced.</summary>
    SizeMismatch,

    /// <summary>A stated digest is not well formed.</summary>
    MalformedDigest,

    /// <summary>A piece from an edge or peer is not what the fingerprint says.</summary>
    PieceMismatch,

    /// <summary>A fingerprint contradicts itself.</summary>
    InconsistentFingerprint,
}
