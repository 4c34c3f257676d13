using System.Numerics;

namespace Entrepot.Mirror.Integrity;

/// <summary>How a blob is cut into pieces: a power of two from size/512, clamped to 1–64 MiB, so that a list has at most
/// 512 pieces up to 32 GiB and stays small enough to send along.</summary>
public static class PieceSize
{
    /// <summary>Smallest piece in bytes.</summary>
    public const int Minimum = 1 << 20;

    /// <summary>Largest piece in bytes.</summary>
    public const int Maximum = 64 << 20;

    /// <summary>Pieces aimed at for sizes between the clamps.</summary>
    public const int TargetCount = 512;

    /// <summary>The piece size of a blob of the given size in bytes.</summary>
    public static int For(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var ideal = (ulong)(size + TargetCount - 1) / TargetCount;
        return (int)Math.Clamp(BitOperations.RoundUpToPowerOf2(Math.Max(ideal, 1)), Minimum, Maximum);
    }

    /// <summary>How many pieces a blob of the given size has; an empty blob has none.</summary>
    public static int Count(long size, int pieceSize) => checked((int)((size + pieceSize - 1) / pieceSize));
}
