using System.Collections.Concurrent;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Catalog.GarbageCollection;
using Entrepot.Mirror.Oci;

namespace Entrepot.Tests.Mirror.Oci;

/// <summary>What garbage collection takes from repositories, and what it never takes.</summary>
public sealed class OciCollectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);
    private static readonly RepositoryName Web = RepositoryName.Parse("apps/web"), Other = RepositoryName.Parse("apps/other");

    private readonly MirrorWorld _world = MirrorWorld.Open();
    private OciCatalog _oci = null!;

    public async ValueTask InitializeAsync()
    {
        await _world.Catalog.CreateMirrorAsync(MirrorName.Parse("apps"), MirrorWorld.Actor, format: MirrorFormat.Oci);
        _oci = new OciCatalog(_world.Catalog, _world.Store);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_a_manifest_needs_stays_and_goes_a_grace_period_after_the_manifest()
    {
        var image = await ImageAsync(Web, "v1", "layer");
        await CollectAsync(3 * Grace);
        (await Stored("layer"), await Stored("{}"), Has(image)).ShouldBe((true, true, true));
        (await CollectAsync(TimeSpan.Zero)).Kept.ShouldAllBe(static blob => blob.Reason is KeepReason.InRepository);

        await _oci.DeleteTagAsync(Web, Tag("v1"), MirrorWorld.Actor);
        await CollectAsync(3 * Grace);
        Has(image).ShouldBeTrue("a manifest without a tag is still one");
        await _oci.DeleteManifestAsync(Web, OciDigest.Of(image), MirrorWorld.Actor);
        await CollectAsync(Grace / 2);
        (await Stored("layer"), Has(image)).ShouldBe((true, true), "clients may still be downloading it");
        await CollectAsync(Grace);
        (await Stored("layer"), await Stored("{}"), Has(image)).ShouldBe((false, false, false));
        (await _oci.FindBlobAsync(Web, Digest("layer"))).ShouldBeNull();
    }

    [Fact]
    public async Task A_blob_without_a_manifest_stays_for_the_grace_period_and_longer_while_it_is_asked_for()
    {
        await LinkAsync(Web, "asked");
        await LinkAsync(Web, "forgotten");
        for (var i = 0; i < 4; i++)
        {
            await CollectAsync(Grace / 2);
            (await _oci.FindBlobAsync(Web, Digest("asked"))).ShouldNotBeNull();
        }

        (await Stored("asked"), await Stored("forgotten")).ShouldBe((true, false));
        var manifest = Manifest("asked");
        await Should.NotThrowAsync(() => PushAsync(Web, "v1", manifest));
    }

    [Fact]
    public async Task What_two_repositories_have_goes_with_the_last_of_them()
    {
        var one = await ImageAsync(Web, "v1", "shared");
        (await _oci.MountAsync(Web, Other, Digest("shared"))).ShouldBeTrue();
        (await _oci.MountAsync(Web, Other, Digest("{}"))).ShouldBeTrue();
        await PushAsync(Other, "v1", Manifest("shared", "{}"));
        await _oci.DeleteManifestAsync(Web, OciDigest.Of(one), MirrorWorld.Actor);

        await CollectAsync(3 * Grace);

        (await Stored("shared")).ShouldBeTrue();
        (await _oci.FindBlobAsync(Web, Digest("shared"))).ShouldBeNull("nothing there needs it any more");
        await _world.Catalog.DeleteMirrorAsync(MirrorName.Parse("apps"), MirrorWorld.Actor);
        await CollectAsync(3 * Grace);
        (await Stored("shared"), Has(one)).ShouldBe((false, false));
    }

    [Fact]
    public async Task Whatever_a_plan_says_no_row_goes_that_is_needed_when_it_is_carried_out()
    {
        var image = await ImageAsync(Web, "v1", "layer");
        await LinkAsync(Web, "just sent");
        var soon = _world.Time.GetUtcNow() + TimeSpan.FromDays(1);

        // As though all of them had been marked for going, and their grace period were long over.
        (await SweepAsync(image, soon), await SweepAsync(Digest("layer").Sha256!.Value, soon), await SweepAsync(Digest("{}").Sha256!.Value, soon)).ShouldBe((false, false, false));
        (await SweepAsync(Digest("just sent").Sha256!.Value, _world.Time.GetUtcNow())).ShouldBeFalse("it was sent since the cutoff");
        (await SweepAsync(Digest("just sent").Sha256!.Value, soon)).ShouldBeTrue();
        (await _oci.FindBlobAsync(Web, Digest("just sent"))).ShouldBeNull();

        Task<bool> SweepAsync(Sha256Digest digest, DateTimeOffset cutoff) => _world.State.WriteAsync(transaction => GarbageTable.Sweep(transaction, digest, cutoff));
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        var image = await ImageAsync(Web, "v1", "layer");
        await _world.RestartAsync();
        _oci = new OciCatalog(_world.Catalog, _world.Store);

        _oci.Find(Web, Tag("v1"))!.Digest.ShouldBe(image);
        _oci.Tags(Web, "", 10).ShouldBe(["v1"]);
        _oci.Repositories("", 10).ShouldBe(["apps/web"]);
    }

    [Fact]
    public async Task Pushes_deletions_and_collections_at_the_same_time_break_no_push()
    {
        using var collector = Collector(Grace);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var alive = new ConcurrentDictionary<(string Repository, string Tag), Sha256Digest>();
        var collecting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await collector.RunAsync(dryRun: false, MirrorWorld.Actor, CancellationToken.None);
                _world.Time.Advance(TimeSpan.FromSeconds(20));
            }
        });

        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            var repository = RepositoryName.Parse($"apps/r{worker % 3}");
            for (var i = 0; i < 60; i++)
            {
                var tag = $"t{worker}-{random.Next(4)}";
                // The layers are few, so that what one deletes another one pushes.
                alive[(repository.Value, tag)] = await PushedAsync(repository, tag, $"layer {random.Next(5)}", $"config {i} of {worker}");
                if (random.Next(3) != 0)
                    continue;
                await _oci.DeleteManifestAsync(repository, OciDigest.Of(alive[(repository.Value, tag)]), MirrorWorld.Actor);
                alive.TryRemove((repository.Value, tag), out _);
            }
        })));
        await stop.CancelAsync();
        await collecting;

        alive.ShouldNotBeEmpty();
        foreach (var ((repository, tag), digest) in alive)
        {
            var name = RepositoryName.Parse(repository);
            var found = _oci.Find(name, Tag(tag)).ShouldNotBeNull();
            found.Digest.ShouldBe(digest);
            using var file = _world.Store.OpenRead(digest);
            var bytes = new byte[found.Size];
            RandomAccess.Read(file, bytes, 0);
            foreach (var blob in OciManifest.Read(bytes, null).Blobs)
                (await _oci.FindBlobAsync(name, blob.Digest)).ShouldNotBeNull($"{repository}:{tag} needs {blob.Digest}");
        }
    }

    /// <summary>As a client does: asks for each blob, sends what is missing, then the manifest; begins again when the registry lost one meanwhile.</summary>
    private async Task<Sha256Digest> PushedAsync(RepositoryName repository, string tag, string layer, string config)
    {
        for (var attempt = 0; ; attempt++)
        {
            foreach (var blob in new[] { layer, config })
            {
                if (await _oci.FindBlobAsync(repository, Digest(blob)) is null)
                    await LinkAsync(repository, blob);
            }

            try
            {
                return await PushAsync(repository, tag, Manifest(layer, config));
            }
            catch (FaultException error) when (attempt < 3 && error.Fault.Is(CatalogFault.BlobGone))
            {
                // The bytes went between being stored and being entered; a client is told to send them again.
            }
        }
    }

    private async Task<Sha256Digest> ImageAsync(RepositoryName repository, string tag, string layer)
    {
        await LinkAsync(repository, "{}");
        await LinkAsync(repository, layer);
        return await PushAsync(repository, tag, Manifest(layer, "{}"));
    }

    private async Task LinkAsync(RepositoryName repository, string content)
        => await _oci.LinkAsync(repository, await _world.StoreAsync(content), Digest(content), MirrorWorld.Actor);

    private async Task<Sha256Digest> PushAsync(RepositoryName repository, string tag, string manifest)
    {
        var bytes = Encoding.UTF8.GetBytes(manifest);
        return (await _oci.PushAsync(repository, Tag(tag), null, await _world.StoreAsync(bytes), OciManifest.Read(bytes, null), MirrorWorld.Actor)).Digest;
    }

    private static string Manifest(string layer, string? config = null)
        => $$"""
            {"schemaVersion":2,"mediaType":"{{OciManifest.Image}}","config":{"mediaType":"a/b","digest":"{{Digest(config ?? layer)}}","size":1},"layers":[{"mediaType":"a/b","digest":"{{Digest(layer)}}","size":1}]}
            """;

    private static OciDigest Digest(string content) => OciDigest.Of(Sha256Digest.Of(Encoding.UTF8.GetBytes(content)));

    private static TagName Tag(string text) => TagName.TryParse(text, out var tag) ? tag : throw new InvalidOperationException(text);

    private Task<bool> Stored(string content) => Task.FromResult(Has(Digest(content).Sha256!.Value));

    private bool Has(Sha256Digest digest) => File.Exists(_world.BlobPath(digest));

    private GarbageCollector Collector(TimeSpan grace) => new(_world.Catalog, _world.Store, new GarbageCollectionOptions { Grace = grace });

    private async Task<GarbageCollectionResult> CollectAsync(TimeSpan after)
    {
        _world.Time.Advance(after);
        using var collector = Collector(Grace);
        return await collector.RunAsync(dryRun: false, MirrorWorld.Actor, TestContext.Current.CancellationToken);
    }
}
