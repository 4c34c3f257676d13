using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>A mirror and what clients see of it.</summary>
/// <param name="Info">What it is.</param>
/// <param name="Current">The published snapshot; a new mirror has the empty snapshot 0.</param>
public sealed record MirrorView(MirrorInfo Info, TreeSnapshot Current)
{
    internal long Id { get; init; }
}

/// <summary>Every mirror at one moment. Immutable: a change makes another view, which is swapped in whole.</summary>
public sealed class CatalogView
{
    private readonly Dictionary<MirrorName, MirrorView> _mirrors;

    internal CatalogView(long revision, Dictionary<MirrorName, MirrorView> mirrors, bool isGuarded) => (Revision, _mirrors, IsGuarded) = (revision, mirrors, isGuarded);

    /// <summary>No mirror at all.</summary>
    public static CatalogView Empty { get; } = new(0, [], isGuarded: false);

    /// <summary>The mirrors of another node's catalog.</summary>
    /// <param name="revision">Greater than that of the view before.</param>
    /// <param name="mirrors">Each name once.</param>
    public static CatalogView Of(long revision, IEnumerable<MirrorView> mirrors)
    {
        var known = mirrors.ToDictionary(static mirror => mirror.Info.Name);
        return new CatalogView(revision, known, known.Values.Any(static mirror => mirror.Info.IsPrivate));
    }

    /// <summary>Grows with every change of mirrors or snapshots.</summary>
    public long Revision { get; }

    /// <summary>True since there was a private mirror for the first time: a digest alone then opens nothing.</summary>
    public bool IsGuarded { get; }

    /// <summary>The mirrors by name.</summary>
    public IReadOnlyDictionary<MirrorName, MirrorView> Mirrors => _mirrors;

    /// <summary>The mirror of that name.</summary>
    public bool TryGet(MirrorName name, [NotNullWhen(true)] out MirrorView? mirror) => _mirrors.TryGetValue(name, out mirror);

    /// <summary>The mirror of that name.</summary>
    /// <exception cref="FaultException"><see cref="CatalogFault.MirrorNotFound"/>.</exception>
    public MirrorView Get(MirrorName name)
        => _mirrors.TryGetValue(name, out var mirror)
            ? mirror
            : throw Fault.Of(
                CatalogFault.MirrorNotFound, FaultKind.NotFound, $"There is no mirror '{name}'.",
                $"List them with 'entrepot mirror list', or make it with 'entrepot mirror create {name}'.").ToException();

    internal CatalogView With(MirrorView mirror)
        => new(Revision + 1, new Dictionary<MirrorName, MirrorView>(_mirrors) { [mirror.Info.Name] = mirror }, IsGuarded || mirror.Info.IsPrivate);

    internal CatalogView Without(MirrorName name)
    {
        var mirrors = new Dictionary<MirrorName, MirrorView>(_mirrors);
        mirrors.Remove(name);
        return new CatalogView(Revision + 1, mirrors, IsGuarded);
    }
}
