namespace Entrepot.Mirror.Blobs;

/// <summary>Why bytes could not be stored or read.</summary>
public enum BlobFault
{
    /// <summary>The disk is full.</summary>
    DiskFull,

    /// <summary>The disk reported an error.</summary>
    Disk,

    /// <summary>No blob of that name is stored.</summary>
    NotFound,

    /// <summary>The bytes at rest are damaged and could not be mended yet.</summary>
    Damaged,

    /// <summary>The blob is larger than the limit allows.</summary>
    TooLarge,
}
