namespace Entrepot.Mirror.Caching;

/// <summary>A cache at one moment. All sizes in bytes.</summary>
/// <param name="Blobs">Blobs known.</param>
/// <param name="HeldBytes">Pieces in the files, without what files take beside them.</param>
/// <param name="ChargedBytes">What the cap holds for: pieces in whole blocks and the file beside each blob's data.</param>
/// <param name="CapacityBytes">The cap.</param>
/// <param name="FreeBytes">Free space on the disk.</param>
/// <param name="BufferedBytes">Memory in use for pieces in flight.</param>
/// <param name="OpenFiles">Data files open.</param>
/// <param name="DiskPaused">True while pieces are served through because the disk had no room or failed.</param>
public sealed record CacheStats(
    int Blobs, long HeldBytes, long ChargedBytes, long CapacityBytes, long FreeBytes, long BufferedBytes, int OpenFiles, bool DiskPaused);
