using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog;

/// <summary>A published file whose bytes are not there in full.</summary>
/// <param name="Digest">The blob.</param>
/// <param name="Mirror">A mirror whose current snapshot has it.</param>
/// <param name="Path">Under this path.</param>
/// <param name="Expected">Its length in bytes.</param>
/// <param name="Found">The length of the file on disk; null when there is none.</param>
public sealed record LostBlob(Sha256Digest Digest, MirrorName Mirror, ContentPath Path, long Expected, long? Found);

/// <summary>The quick look after a start: does every blob of every current snapshot have a file of the right length? The bytes
/// themselves are read by scrubbing.</summary>
public static class RecoveryCheck
{
    /// <summary>Looks at every blob once.</summary>
    /// <returns>What is amiss; normally nothing.</returns>
    public static IReadOnlyList<LostBlob> Run(CatalogView view, BlobStore store)
    {
        var seen = new HashSet<Sha256Digest>();
        var lost = new List<LostBlob>();
        foreach (var mirror in view.Mirrors.Values)
        {
            foreach (var entry in mirror.Current.Entries)
            {
                if (seen.Add(entry.Digest) && store.SizeOf(entry.Digest) is var size && size != entry.Size)
                    lost.Add(new LostBlob(entry.Digest, mirror.Info.Name, entry.Path, entry.Size, size));
            }
        }

        return lost;
    }
}
