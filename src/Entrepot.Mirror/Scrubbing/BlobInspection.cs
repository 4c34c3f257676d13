using System.Buffers;
using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Reads one blob at rest, piece by piece, and notes which pieces are not what the fingerprint says. Can be stopped after any
/// piece and go on later.</summary>
internal sealed class BlobInspection(Fingerprint blob, BlobStore store, int firstPiece = 0)
{
    private const int BlockSize = 256 << 10;

    private readonly List<int> _rotten = [];

    public Fingerprint Blob { get; } = blob;

    /// <summary>True when it began at the first piece, so that what it finds holds for all of the blob.</summary>
    public bool IsWhole { get; } = firstPiece == 0;

    /// <summary>The rotten pieces that were known when it began.</summary>
    public ImmutableArray<int> KnownBefore { get; } = store.DamagedPieces(blob.Digest);

    /// <summary>The piece to go on with.</summary>
    public int NextPiece { get; private set; } = firstPiece;

    /// <summary>Rotten pieces found so far.</summary>
    public IReadOnlyList<int> Rotten => _rotten;

    /// <summary>Length of the file; null when there is none.</summary>
    public long? FoundSize { get; private set; }

    /// <summary>True when nothing was found amiss.</summary>
    public bool IsSound => _rotten.Count == 0 && FoundSize == Blob.Size;

    /// <summary>From which piece another inspection must begin so that nothing found here is forgotten.</summary>
    public int ResumeFrom => _rotten.Count > 0 ? _rotten[0] : NextPiece;

    /// <summary>Reads to the end.</summary>
    /// <param name="deep">True to compute SHA-256 of every piece.</param>
    /// <param name="spend">Called before each read with its length; may wait.</param>
    /// <param name="cancellation">Stops between two reads; what was found stays.</param>
    public async Task RunAsync(bool deep, Func<int, CancellationToken, ValueTask> spend, CancellationToken cancellation)
    {
        using var file = Open();
        FoundSize = file is null ? null : RandomAccess.GetLength(file);
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            for (; NextPiece < Blob.Pieces.Length; NextPiece++)
            {
                if (!await IsPieceSoundAsync(file, NextPiece, deep, block.AsMemory(0, BlockSize), spend, cancellation))
                    _rotten.Add(NextPiece);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private SafeFileHandle? Open()
    {
        try
        {
            return store.OpenRead(Blob.Digest);
        }
        catch (FaultException error) when (error.Fault.Is(BlobFault.NotFound))
        {
            return null;
        }
    }

    private async Task<bool> IsPieceSoundAsync(
        SafeFileHandle? file, int piece, bool deep, Memory<byte> block, Func<int, CancellationToken, ValueTask> spend, CancellationToken cancellation)
    {
        if (file is null || Blob.OffsetOf(piece) + Blob.LengthOf(piece) > FoundSize)
            return false;
        // What is in memory says nothing about the disk.
        PosixFile.ForgetPages(file, Blob.OffsetOf(piece), Blob.LengthOf(piece));
        return await PieceCheck.IsSoundAsync(file, Blob, piece, deep, block, spend, cancellation);
    }
}
