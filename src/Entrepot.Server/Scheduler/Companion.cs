using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Server.Scheduler;

/// <summary>What belongs to a file without being one.</summary>
internal enum CompanionKind
{
    /// <summary><c>FILE.meta4</c>: where it is and what proves it (RFC 5854).</summary>
    Metalink,

    /// <summary><c>FILE.sha256</c>: a line for <c>sha256sum -c</c>.</summary>
    Sha256,

    /// <summary><c>FILE.md5</c>: a line for <c>md5sum -c</c>.</summary>
    Md5,
}

/// <summary>Companions by name. A real file of the same name wins; the caller looks for that first.</summary>
internal static class Companion
{
    /// <summary>Media type of RFC 5854.</summary>
    public const string MetalinkType = "application/metalink4+xml";

    private static readonly (string Suffix, CompanionKind Kind)[] Suffixes =
        [(".meta4", CompanionKind.Metalink), (".sha256", CompanionKind.Sha256), (".md5", CompanionKind.Md5)];

    /// <summary>Reads a path such as <c>24.04/disk.img.sha256</c> whose file is there.</summary>
    public static bool TryFind(TreeSnapshot snapshot, ContentPath path, out CompanionKind kind, out ServedFile file)
    {
        foreach (var (suffix, companion) in Suffixes)
        {
            if (path.Value.EndsWith(suffix, StringComparison.Ordinal)
                && ContentPath.TryParse(path.Value[..^suffix.Length], out var of, out _) && snapshot.TryGet(of, out var entry))
            {
                (kind, file) = (companion, new ServedFile(snapshot, entry));
                return true;
            }
        }

        (kind, file) = (default, null!);
        return false;
    }
}
