using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Scheduler;

/// <summary>What is published, whether the origin's catalog is in this process or elsewhere.</summary>
public interface ICatalogSource
{
    /// <summary>Every mirror at one moment.</summary>
    CatalogView View { get; }

    /// <summary>False as long as it is not known at all what is published.</summary>
    bool IsKnown { get; }

    /// <summary>True since the network has, or had, a private mirror: a digest alone then opens nothing.</summary>
    bool IsGuarded { get; }

    /// <summary>The mirrors that hold a blob in any of their snapshots; null where that is not known.</summary>
    /// <param name="view">What is published.</param>
    /// <param name="digest">The blob.</param>
    IReadOnlyList<MirrorInfo>? HoldersOf(CatalogView view, Sha256Digest digest);

    /// <summary>The fingerprint of a blob; null when it is not known.</summary>
    /// <exception cref="Core.Faults.FaultException">The origin can't be asked.</exception>
    ValueTask<Fingerprint?> FindFingerprintAsync(Sha256Digest digest, CancellationToken cancellation);
}

/// <summary>The catalog of this process.</summary>
public sealed class OwnCatalog(MirrorCatalog catalog) : ICatalogSource
{
    /// <inheritdoc/>
    public CatalogView View => catalog.View;

    /// <inheritdoc/>
    public bool IsKnown => true;

    /// <inheritdoc/>
    public bool IsGuarded => catalog.View.IsGuarded;

    /// <inheritdoc/>
    public IReadOnlyList<MirrorInfo>? HoldersOf(CatalogView view, Sha256Digest digest) => catalog.HoldersOf(view, digest);

    /// <inheritdoc/>
    public ValueTask<Fingerprint?> FindFingerprintAsync(Sha256Digest digest, CancellationToken cancellation) => new(catalog.FindFingerprint(digest));
}
