using System.Collections.Immutable;

namespace Entrepot.Mirror.Replication;

/// <summary>The sources that may be used, the preferred one first. Replaced whole; what is known about a source that stays is kept.</summary>
public sealed class SourceSet
{
    private readonly TimeProvider _time;
    private ImmutableArray<SourceHealth> _sources;

    /// <summary>Starts with the given sources.</summary>
    public SourceSet(IEnumerable<IPieceSource> sources, TimeProvider time)
    {
        _time = time;
        _sources = [.. sources.Select(source => new SourceHealth(source, time))];
    }

    /// <summary>The sources in order of preference.</summary>
    public ImmutableArray<SourceHealth> Current => ImmutableInterlocked.InterlockedCompareExchange(ref _sources, default, default);

    /// <summary>Replaces the list. A source is the same when its name is.</summary>
    public void Replace(IEnumerable<IPieceSource> sources)
    {
        var wanted = sources.ToList();
        ImmutableInterlocked.Update(
            ref _sources,
            (current, list) => [.. list.Select(source => current.FirstOrDefault(known => known.Source.Name == source.Name) ?? new SourceHealth(source, _time))],
            wanted);
    }

    /// <summary>The state of each.</summary>
    public IReadOnlyList<SourceState> Look() => [.. Current.Select(static source => source.Look())];
}
