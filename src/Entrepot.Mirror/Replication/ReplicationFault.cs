namespace Entrepot.Mirror.Replication;

/// <summary>Why bytes could not be fetched from a source, or a pull could not be finished.</summary>
public enum ReplicationFault
{
    /// <summary>The source does not have the blob or piece.</summary>
    NotHeld,

    /// <summary>The source says that its own copy of the piece is damaged.</summary>
    Damaged,

    /// <summary>The source answered, but not with the bytes: an error status, or a range that was not asked for.</summary>
    Refused,

    /// <summary>No connection to the source could be made.</summary>
    Unreachable,

    /// <summary>The source sent less than the least progress within the stall window, or took longer than the deadline.</summary>
    Stalled,

    /// <summary>The connection ended before the piece did.</summary>
    Died,

    /// <summary>The source sent bytes that are not the piece.</summary>
    Lied,

    /// <summary>Every source failed; the message lists each with its reason.</summary>
    SourcesExhausted,

    /// <summary>All pieces are proven but the whole is not the blob: the fingerprint itself is wrong.</summary>
    WholeMismatch,

    /// <summary>Another pull is writing to the same destination.</summary>
    Busy,

    /// <summary>The destination can't be written.</summary>
    Destination,

    /// <summary>The destination's disk is full.</summary>
    DiskFull,

    /// <summary>The fingerprint contradicts itself.</summary>
    InconsistentFingerprint,
}
