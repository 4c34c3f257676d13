using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>Computes the SHA-256 of the whole file while its pieces arrive: it follows the first gap, so that after the last piece only the
/// bytes behind the last gap remain. The pieces alone prove the file only if the fingerprint is right; the name of the blob proves it anyway.</summary>
internal sealed class WholeHasher(PartFile file, Fingerprint blob, PullPlan plan)
{
    /// <summary>Hashes to the end, waiting for pieces.</summary>
    public async Task<Sha256Digest> RunAsync(CancellationToken cancellation)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[256 * 1024];
        for (var piece = 0; piece < blob.Pieces.Length; piece++)
        {
            while (true)
            {
                var changed = plan.Changed;
                if (plan.IsHeld(piece))
                    break;
                await changed.WaitAsync(cancellation);
            }

            Append(whole, block, piece, cancellation);
        }

        return new Sha256Digest(whole.GetHashAndReset());
    }

    private void Append(IncrementalHash whole, byte[] block, int piece, CancellationToken cancellation)
    {
        for (long at = blob.OffsetOf(piece), stop = at + blob.LengthOf(piece); at < stop;)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = block.AsSpan(0, (int)Math.Min(block.Length, stop - at));
            file.Read(part, at);
            whole.AppendData(part);
            at += part.Length;
        }
    }
}
