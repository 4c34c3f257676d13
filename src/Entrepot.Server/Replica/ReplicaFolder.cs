using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;

namespace Entrepot.Server.Replica;

/// <summary>Another node's catalog on this disk: for each mirror one file, whose first line is the <see cref="MirrorDocument"/> and whose other
/// lines are the <see cref="EntryDocument"/>s of its current snapshot; the last line is the SHA-256 of those before. A file is replaced whole, so
/// a crash leaves the old or the new.</summary>
internal sealed class ReplicaFolder
{
    private const string Suffix = ".mirror";

    private const string Seal = "# sha256 ";

    private readonly string _folder;

    public ReplicaFolder(string folder)
    {
        _folder = folder;
        DurableFolder.Create(folder);
        foreach (var left in Directory.EnumerateFiles(folder, "*" + DurableFile.TemporarySuffix))
            File.Delete(left);
    }

    /// <summary>What is kept and still proves itself; what does not is left out, as it is asked for again.</summary>
    public async Task<IReadOnlyList<MirrorView>> LoadAsync(CancellationToken cancellation)
    {
        var mirrors = new List<MirrorView>();
        foreach (var file in Directory.EnumerateFiles(_folder, "*" + Suffix))
        {
            try
            {
                await using var lines = File.OpenRead(file);
                var (mirror, digest, seal) = await ReadAsync(lines, cancellation);
                mirrors.Add(seal == digest ? mirror : throw new JsonException("it was changed since it was kept"));
            }
            catch (Exception error) when (error is FaultException or JsonException or IOException)
            {
                File.Delete(file);
            }
        }

        return mirrors;
    }

    /// <summary>Keeps a mirror, once its files have proven to be those of its root digest.</summary>
    /// <param name="document">The mirror.</param>
    /// <param name="copy">Writes the lines of its files.</param>
    /// <param name="cancellation">Gives up; what was kept before stays.</param>
    /// <exception cref="FaultException"><see cref="CatalogFault.SnapshotMismatch"/>, or what <paramref name="copy"/> throws.</exception>
    public async Task<MirrorView> KeepAsync(MirrorDocument document, Func<Stream, CancellationToken, Task> copy, CancellationToken cancellation)
    {
        var path = PathOf(MirrorName.Parse(document.Name));
        var temporary = path + DurableFile.TemporarySuffix;
        try
        {
            MirrorView mirror;
            await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            {
                await JsonSerializer.SerializeAsync(file, document, ApiJson.Default.MirrorDocument, cancellation);
                file.WriteByte((byte)'\n');
                await copy(file, cancellation);
                file.Position = 0;
                (mirror, var digest, _) = await ReadAsync(file, cancellation);
                await file.WriteAsync(Encoding.ASCII.GetBytes($"{Seal}{digest.Hex}\n"), cancellation);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            PosixFile.SyncFolder(_folder);
            return mirror;
        }
        catch (JsonException error)
        {
            throw Fault.Of(
                CatalogFault.SnapshotMismatch, FaultKind.Mismatch, $"What was sent as the files of mirror '{document.Name}' can't be read: {error.Message}",
                "Check that this node and the origin are of one version.").ToException(error);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Forgets a mirror.</summary>
    public void Drop(MirrorName mirror) => File.Delete(PathOf(mirror));

    private string PathOf(MirrorName mirror) => Path.Combine(_folder, mirror.Value + Suffix);

    /// <summary>Reads the lines, and the seal where there is one.</summary>
    private static async Task<(MirrorView Mirror, Sha256Digest Digest, Sha256Digest? Seal)> ReadAsync(Stream file, CancellationToken cancellation)
    {
        using var reader = new StreamReader(file, leaveOpen: true);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var header = await reader.ReadLineAsync(cancellation) ?? throw new JsonException("it is empty");
        Append(header);
        var document = JsonSerializer.Deserialize(header, ApiJson.Default.MirrorDocument) ?? throw new JsonException("it has no header");
        var info = InfoOf(document);
        var snapshot = new SnapshotInfo(
            info.Name, document.Current.Number, document.Current.Root, document.Current.PublishedAt, document.Current.Actor, document.Current.Note,
            document.Current.Files, document.Current.Bytes);
        var entries = ImmutableArray.CreateBuilder<TreeEntry>(Math.Clamp(snapshot.Files, 0, TreeSnapshot.MaxFiles));
        Sha256Digest? seal = null;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith(Seal, StringComparison.Ordinal))
            {
                seal = Sha256Digest.TryParse(line[Seal.Length..], out var stated) && await reader.ReadLineAsync(cancellation) is null ? stated : throw new JsonException("it does not end with its seal");
                break;
            }

            Append(line);
            if (entries.Count == TreeSnapshot.MaxFiles)
                throw new JsonException("it has more files than a mirror may hold");
            var entry = JsonSerializer.Deserialize(line, ApiJson.Default.EntryDocument) ?? throw new JsonException("a line is null");
            entries.Add(new TreeEntry(entry.Path, entry.Digest, entry.Size, entry.Modified));
        }

        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        hash.GetHashAndReset(digest);
        return (new MirrorView(info, TreeSnapshot.Verify(snapshot, entries.DrainToImmutable())), new Sha256Digest(digest), seal);

        void Append(string line)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
            hash.AppendData("\n"u8);
        }
    }

    /// <summary>The mirror's settings, as the document tells them.</summary>
    /// <exception cref="JsonException">Its kind or format is unknown.</exception>
    public static MirrorInfo InfoOf(MirrorDocument document)
        => document is { Retention: not null, Current: { Actor: not null, Note: not null }, Description: not null }
            && MirrorName.TryParse(document.Name, out var name, out _) && Enum.TryParse<MirrorKind>(document.Kind, ignoreCase: true, out var kind)
            && Enum.TryParse<MirrorFormat>(document.Format, ignoreCase: true, out var format)
            ? new MirrorInfo(name, kind, format, document.Description, new Retention(document.Retention.KeepSnapshots, document.Retention.KeepDays), document.CreatedAt) { IsPrivate = document.Access == "private" }
            : throw new JsonException($"'{document.Name}' is no mirror of a known kind and format");
}
