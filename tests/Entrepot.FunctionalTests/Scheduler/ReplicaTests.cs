using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Metadata;
using Entrepot.Server.Nodes;
using Entrepot.Server.Replica;
using Entrepot.Server.Scheduler;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.FunctionalTests.Scheduler;

/// <summary>A scheduler on another node: it knows what the origin published, also without the origin.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-replica-").FullName;
    private readonly HttpClient _http = new();
    private SchedulerSite _site = null!;
    private TestSurface _origin = null!;
    private bool _isDown;

    public async ValueTask InitializeAsync()
    {
        _site = await SchedulerSite.StartAsync();
        _origin = await TestSurface.StartAsync(app =>
        {
            app.Use((context, next) =>
            {
                if (!_isDown)
                    return next(context);
                context.Abort();
                return Task.CompletedTask;
            });
            var content = new ContentAccess(new OwnCatalog(_site.Catalog), null, TimeProvider.System);
            app.MapMirrorReads(_site.Catalog, content);
            app.MapEntryReads(_site.Catalog, content);
            app.MapGet("/v1/nodes", context => JsonExchange.WriteAsync(context, _site.Nodes.View.Documents, ApiJson.Default.IReadOnlyListNodeDocument));
            app.MapEdgeErrors(_site.Nodes);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        await _site.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_published_changed_and_deleted_shows_here()
    {
        await _site.PublishAsync("a/one.txt", "one");
        var replica = await OpenAsync();
        replica.IsKnown.ShouldBeFalse();

        await replica.RefreshAsync(Cancellation);
        var first = replica.View.Get(SchedulerSite.Images);
        first.Current.Root.ShouldBe(_site.Catalog.View.Get(SchedulerSite.Images).Current.Root);
        first.Current.TryGet(ContentPath.Parse("a/one.txt"), out _).ShouldBeTrue();
        first.Info.ShouldBe(_site.Catalog.View.Get(SchedulerSite.Images).Info);
        var revision = replica.View.Revision;
        await replica.RefreshAsync(Cancellation);
        replica.View.Revision.ShouldBe(revision, "nothing changed, so nothing is asked for again");

        await _site.PublishAsync("a/two.txt", "two");
        await replica.RefreshAsync(Cancellation);
        replica.View.Get(SchedulerSite.Images).Current.Entries.Length.ShouldBe(2);

        await _site.Catalog.DeleteMirrorAsync(SchedulerSite.Images, "test");
        await replica.RefreshAsync(Cancellation);
        replica.View.Mirrors.ShouldBeEmpty();
        Directory.EnumerateFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_the_origin_the_last_state_stays_also_over_a_restart()
    {
        await _site.PublishAsync("a/one.txt", "one");
        var replica = await OpenAsync();
        await replica.RefreshAsync(Cancellation);

        _isDown = true;
        await Should.ThrowAsync<FaultException>(() => replica.RefreshAsync(Cancellation));
        replica.View.Get(SchedulerSite.Images).Current.Entries.Length.ShouldBe(1);
        var again = await OpenAsync();
        again.IsKnown.ShouldBeTrue();
        again.View.Get(SchedulerSite.Images).Current.Root.ShouldBe(replica.View.Get(SchedulerSite.Images).Current.Root);
    }

    [Fact]
    public async Task Every_flipped_byte_and_every_prefix_of_the_kept_state_is_noticed()
    {
        await _site.PublishAsync("a/one.txt", "one");
        var replica = await OpenAsync();
        await replica.RefreshAsync(Cancellation);
        var file = Directory.EnumerateFiles(_folder).ShouldHaveSingleItem();
        var kept = await File.ReadAllBytesAsync(file, Cancellation);
        for (var i = 0; i < kept.Length; i++)
        {
            var changed = kept.ToArray();
            changed[i] ^= 4;
            (await LoadAsync(changed)).ShouldBe(0, $"byte {i}");
            // Without its last line break it is whole.
            (await LoadAsync(kept[..i])).ShouldBe(i == kept.Length - 1 ? 1 : 0, $"{i} bytes");
        }

        async Task<int> LoadAsync(byte[] content)
        {
            await File.WriteAllBytesAsync(file, content, Cancellation);
            return (await new ReplicaFolder(_folder).LoadAsync(Cancellation)).Count;
        }
    }

    [Fact]
    public async Task Files_that_do_not_have_the_root_digest_are_refused()
    {
        await _site.PublishAsync("a/one.txt", "one");
        var mirror = Documents.Mirror(_site.Catalog.View.Get(SchedulerSite.Images));
        var folder = new ReplicaFolder(_folder);
        var refused = await Should.ThrowAsync<FaultException>(() => folder.KeepAsync(
            mirror, static (lines, token) => lines.WriteAsync("{\"path\":\"a/one.txt\",\"digest\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\"size\":3,\"modified\":\"2026-01-01T00:00:00Z\"}\n"u8.ToArray(), token).AsTask(), Cancellation));
        refused.Fault.Is(CatalogFault.SnapshotMismatch).ShouldBeTrue(refused.Message);
        Directory.EnumerateFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Fingerprints_are_asked_for_and_what_there_is_not_is_null()
    {
        var replica = await OpenAsync();
        (await replica.FindFingerprintAsync(Sha256Digest.Of("nothing"u8), Cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task Edges_are_as_the_origin_sees_them_and_errors_met_here_count_here_and_there()
    {
        var nodes = new NodeReplica(Client(), new NodeOptions(), _site.Time, NullLogger.Instance);
        await nodes.RefreshAsync(Cancellation);
        nodes.View.Edges.ToArray().Select(static edge => (edge.Name.Value, edge.Condition)).ShouldBe(_site.Nodes.View.Edges.ToArray().Select(static edge => (edge.Name.Value, edge.Condition)));

        var edge = nodes.View.Edges[0].Name;
        nodes.ReportError(edge, EdgeError.Corrupt, "it lies");
        nodes.View.Edges[0].RecentErrors.ShouldBe(10);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var telling = nodes.TellAsync(() => _origin.Url.GetLeftPart(UriPartial.Authority), stop.Token);
        for (var tries = 0; _site.Nodes.View.Edges[0].RecentErrors == 0 && tries < 1000; tries++)
            await Task.Delay(10, Cancellation);
        _site.Nodes.View.Edges[0].RecentErrors.ShouldBe(10, 0.5);
        await nodes.RefreshAsync(Cancellation);
        nodes.View.Edges[0].RecentErrors.ShouldBe(10, 0.5, "it is not counted twice");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => telling);

        _isDown = true;
        await Should.ThrowAsync<FaultException>(() => nodes.RefreshAsync(Cancellation));
        nodes.View.Edges.Length.ShouldBe(2);
    }

    private OriginClient Client() => new(_http, _origin.Url, TimeSpan.FromSeconds(10), TimeProvider.System, new EdgeKeys(null, TimeProvider.System));

    private async Task<CatalogReplica> OpenAsync()
    {
        var replica = new CatalogReplica(Client(), new ReplicaFolder(_folder), TimeProvider.System, NullLogger.Instance);
        await replica.OpenAsync(Cancellation);
        return replica;
    }
}
