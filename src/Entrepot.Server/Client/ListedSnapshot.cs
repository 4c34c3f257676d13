using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Client;

/// <summary>A snapshot's files as its listing has them: <c>sha256sum</c> lines in the order of their paths' bytes.</summary>
/// <param name="Root">SHA-256 of the listing, which is the snapshot's root digest.</param>
/// <param name="Files">Path and blob of each file.</param>
public sealed record ListedSnapshot(Sha256Digest Root, IReadOnlyList<(ContentPath Path, Sha256Digest Blob)> Files)
{
    /// <summary>Reads a listing.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static ListedSnapshot Parse(byte[] bytes)
    {
        var files = new List<(ContentPath, Sha256Digest)>();
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // GNU coreutils: 64 hex digits, a space, a space or '*' for the mode, the name.
            if (line.Length < 67 || line[64] != ' ' || line[65] is not (' ' or '*')
                || !Sha256Digest.TryParse(line[..64], out var blob) || !ContentPath.TryParse(line[66..], out var path, out _))
                throw new JsonException($"Line {files.Count + 1} of the listing is none of sha256sum.");
            files.Add((path, blob));
        }

        return new ListedSnapshot(Sha256Digest.Of(bytes), files);
    }
}
