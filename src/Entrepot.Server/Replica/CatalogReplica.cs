using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Hosting;
using Entrepot.Server.Scheduler;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Replica;

/// <summary>Follows the origin's catalog. What is published shows here within <see cref="Interval"/>; while the origin can't be asked the last
/// state stays in force, also over a restart.</summary>
/// <param name="origin">The origin.</param>
/// <param name="folder">Where the state is kept.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are logged.</param>
internal sealed class CatalogReplica(OriginClient origin, ReplicaFolder folder, TimeProvider time, ILogger logger) : ICatalogSource
{
    /// <summary>Time between two questions: as often as an edge asks what is current.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly FingerprintCache _fingerprints = new();
    private readonly SingleFlight<Sha256Digest, Fingerprint> _asking = new();
    private volatile CatalogView _view = CatalogView.Empty;
    private volatile bool _isGuarded;
    private Dictionary<MirrorName, MirrorDocument> _told = [];

    /// <inheritdoc/>
    public CatalogView View => _view;

    /// <inheritdoc/>
    public bool IsKnown { get; private set; }

    /// <inheritdoc/>
    public bool IsGuarded => _isGuarded || _view.IsGuarded;

    /// <inheritdoc/>
    public IReadOnlyList<MirrorInfo>? HoldersOf(CatalogView view, Sha256Digest digest) => null;

    /// <summary>Takes over that the network has, or had, a private mirror: edges then take signed addresses alone.</summary>
    public void Guard() => _isGuarded = true;

    /// <summary>Takes what is on disk.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        var kept = await folder.LoadAsync(cancellation);
        _view = CatalogView.Of(1, kept);
        IsKnown = kept.Count > 0;
    }

    /// <summary>Follows until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation)
        => Rounds.RunAsync(Interval, time, RefreshAsync, error => Log.CatalogStale(logger, error.Message), cancellation);

    /// <summary>Asks once. A mirror that can't be had keeps its last state, and the others go on.</summary>
    /// <exception cref="FaultException">The origin can't be asked, or one of its mirrors could not be had.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        var told = new Dictionary<MirrorName, MirrorDocument>();
        foreach (var document in await origin.GetMirrorsAsync(cancellation))
        {
            if (MirrorName.TryParse(document.Name, out var name, out _))
                told[name] = document;
        }

        FaultException? failure = null;
        foreach (var (name, document) in told)
        {
            if (_told.TryGetValue(name, out var before) && before == document && _view.TryGet(name, out _))
                continue;
            try
            {
                Show(await HaveAsync(name, document, cancellation));
            }
            catch (FaultException error)
            {
                failure = error;
            }
        }

        var gone = _view.Mirrors.Keys.Where(name => !told.ContainsKey(name)).ToList();
        if (gone.Count > 0 || !IsKnown)
            _view = CatalogView.Of(_view.Revision + 1, _view.Mirrors.Values.Where(mirror => told.ContainsKey(mirror.Info.Name)));
        foreach (var name in gone)
            folder.Drop(name);
        _told = told.Where(pair => _view.TryGet(pair.Key, out var shown) && shown.Current.Root == pair.Value.Current.Root).ToDictionary();
        IsKnown = true;
        if (failure is not null)
            throw failure.Fault.ToException(failure);
    }

    /// <inheritdoc/>
    public async ValueTask<Fingerprint?> FindFingerprintAsync(Sha256Digest digest, CancellationToken cancellation)
    {
        if (_fingerprints.Find(digest) is { } known)
            return known;
        try
        {
            var epoch = _fingerprints.Epoch;
            var asked = await _asking.RunAsync(digest, () => origin.GetFingerprintAsync(digest, CancellationToken.None), cancellation);
            // Its MD5 comes a little after it is published.
            if (asked.Md5 is not null)
                _fingerprints.Add(asked, epoch);
            return asked;
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound)
        {
            return null;
        }
    }

    private Task<MirrorView> HaveAsync(MirrorName name, MirrorDocument document, CancellationToken cancellation)
        => folder.KeepAsync(document, (lines, token) => origin.CopyEntriesAsync(name, document.Current.Number, lines, token), cancellation);

    private void Show(MirrorView mirror)
        => _view = CatalogView.Of(_view.Revision + 1, _view.Mirrors.Values.Where(other => other.Info.Name != mirror.Info.Name).Append(mirror));
}
