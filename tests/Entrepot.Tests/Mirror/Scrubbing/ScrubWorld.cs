using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Entrepot.Mirror.Scrubbing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Mirror.Scrubbing;

/// <summary>A <see cref="MirrorWorld"/> with a scrubber and a second store that holds the same blobs.</summary>
internal sealed class ScrubWorld : IAsyncDisposable
{
    public const int MiB = 1 << 20;

    private ScrubWorld(MirrorWorld world, ScrubOptions options)
    {
        (World, Options) = (world, options);
        Replica = BlobStore.Open(Path.Combine(world.Folder, "replica"), world.Pool, world.Time);
        Sources = [new StorePieceSource("edge-1", Replica)];
        Scrubber = Open();
    }

    public MirrorWorld World { get; }

    public ScrubOptions Options { get; }

    public BlobStore Replica { get; }

    public List<IPieceSource> Sources { get; }

    public Scrubber Scrubber { get; private set; }

    public static async Task<ScrubWorld> OpenAsync(ScrubOptions? options = null) => new(await MirrorWorld.OpenWithImagesAsync(), options ?? new ScrubOptions());

    public static byte[] RandomBytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Publishes a file here; its bytes are in the replica too.</summary>
    public async Task<Fingerprint> PublishAsync(string path, byte[] content)
    {
        await World.StoreAsync(Replica, content);
        var blob = await World.StoreAsync(content);
        await World.Catalog.PublishAsync(
            MirrorWorld.Images, TreeEdit.Put(MirrorWorld.Path(path), blob, World.Time.GetUtcNow()), null, MirrorWorld.Actor);
        return blob.Fingerprint;
    }

    public void FlipByte(Sha256Digest digest, long offset, BlobStore? store = null)
    {
        using var file = File.Open(store is null ? World.BlobPath(digest) : ReplicaPath(digest), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 0x40));
    }

    public string ReplicaPath(Sha256Digest digest) => Path.Combine(World.Folder, "replica", "sha256", digest.Hex[..2], digest.Hex);

    public async Task<(IReadOnlyList<BlobDamage> Damaged, List<ScrubProgress> Reports)> VerifyAsync(bool deep = false, MirrorName? mirror = null)
    {
        var reports = new List<ScrubProgress>();
        var damaged = await Scrubber.VerifyAsync(mirror, deep, new Collector(reports));
        return (damaged, reports);
    }

    public async Task RestartAsync()
    {
        Scrubber.Dispose();
        await World.RestartAsync();
        Scrubber = Open();
    }

    public async ValueTask DisposeAsync()
    {
        Scrubber.Dispose();
        await World.DisposeAsync();
    }

    private Scrubber Open() => Scrubber.Open(World.Catalog, World.Store, () => Sources, Options, NullLogger<Scrubber>.Instance);

    private sealed class Collector(List<ScrubProgress> reports) : IProgress<ScrubProgress>
    {
        public void Report(ScrubProgress value) => reports.Add(value);
    }
}

/// <summary>Pieces from another store on this disk.</summary>
internal sealed class StorePieceSource(string name, BlobStore store) : IPieceSource
{
    public string Name => name;

    public int Asked { get; private set; }

    public async ValueTask<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation)
    {
        Asked++;
        using var file = store.OpenRead(blob.Digest);
        var bytes = new byte[blob.LengthOf(piece)];
        await RandomAccess.ReadAsync(file, bytes, blob.OffsetOf(piece), cancellation);
        return new MemoryStream(bytes);
    }
}
