using System.Text;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror;

/// <summary>A state database, a blob store and a catalog in a temporary folder, with a clock that stands still.</summary>
internal sealed class MirrorWorld : IAsyncDisposable
{
    public const string Actor = "operator@test";

    private MirrorWorld(string folder) => Folder = folder;

    public static MirrorName Images { get; } = MirrorName.Parse("images");

    public string Folder { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public BlockPool Pool { get; } = new(8);

    public StateDatabase State { get; private set; } = null!;

    public BlobStore Store { get; private set; } = null!;

    public MirrorCatalog Catalog { get; private set; } = null!;

    public static MirrorWorld Open()
    {
        var world = new MirrorWorld(Directory.CreateTempSubdirectory("entrepot-mirror-").FullName);
        world.Start();
        return world;
    }

    public static async Task<MirrorWorld> OpenWithImagesAsync(Retention? retention = null)
    {
        var world = Open();
        await world.Catalog.CreateMirrorAsync(Images, Actor, retention: retention ?? Retention.Everything);
        return world;
    }

    public static ContentPath Path(string text) => ContentPath.Parse(text);

    /// <summary>As after a restart of the process: nothing but the disk is remembered.</summary>
    public async Task RestartAsync()
    {
        await State.DisposeAsync();
        Start();
    }

    public Task<StoredBlob> StoreAsync(string content) => StoreAsync(Encoding.UTF8.GetBytes(content));

    public Task<StoredBlob> StoreAsync(byte[] content) => StoreAsync(Store, content);

    public async Task<StoredBlob> StoreAsync(BlobStore store, byte[] content)
    {
        await using var staged = store.Stage(Expectation.None, content.Length);
        await staged.WriteAsync(content, CancellationToken.None);
        return store.Store(await staged.VerifyAsync(CancellationToken.None));
    }

    public async Task<Publication> PutAsync(string path, string content, PathCondition? condition = null)
        => await Catalog.PublishAsync(Images, TreeEdit.Put(Path(path), await StoreAsync(content), Time.GetUtcNow(), condition), null, Actor);

    public Task<Publication> DeleteAsync(string path) => Catalog.PublishAsync(Images, TreeEdit.Delete(Path(path)), null, Actor);

    public string BlobPath(Sha256Digest digest) => System.IO.Path.Combine(Folder, "blobs", "sha256", digest.Hex[..2], digest.Hex);

    public async ValueTask DisposeAsync()
    {
        await State.DisposeAsync();
        Pool.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Start()
    {
        State = StateDatabase.Open(System.IO.Path.Combine(Folder, "state.db"), typeof(MirrorCatalog).Assembly);
        Store = BlobStore.Open(System.IO.Path.Combine(Folder, "blobs"), Pool, Time);
        Catalog = MirrorCatalog.Open(State, Time);
    }
}
