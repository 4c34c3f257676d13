using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Http;
using Entrepot.Server.Scheduler;
using Entrepot.Trust.Access;
using Entrepot.Trust.Urls;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Access;

/// <summary>Who may read which content. What somebody may not read looks as though it were not there.</summary>
/// <param name="catalog">Mirrors, and what holds which blob.</param>
/// <param name="keys">Sign addresses; null where none is signed.</param>
/// <param name="time">The clock.</param>
public sealed class ContentAccess(ICatalogSource catalog, IUrlKeys? keys, TimeProvider time)
{
    /// <summary>True since the network has, or had, a private mirror. Until then every blob is everybody's.</summary>
    public bool IsGuarded => catalog.IsGuarded;

    /// <summary>The mirrors that the requester may read, by name.</summary>
    public IEnumerable<MirrorView> Mirrors(HttpContext context)
        => catalog.View.Mirrors.Values.Where(mirror => MayRead(context, mirror.Info)).OrderBy(static mirror => mirror.Info.Name);

    /// <summary>True when the requester may read a mirror: it is public, the credential is for it, or the address is signed.</summary>
    public bool MayRead(HttpContext context, MirrorInfo mirror) => !mirror.IsPrivate || IsReader(context, mirror) || IsSigned(context);

    /// <summary>The mirror of a name, for a requester who may read it.</summary>
    /// <exception cref="FaultException"><see cref="CatalogFault.MirrorNotFound"/>.</exception>
    public MirrorView Get(HttpContext context, MirrorName name)
    {
        var view = catalog.View;
        // Asked for under another name, so that the answer is word for word that of a mirror which is not there.
        return view.TryGet(name, out var mirror) && MayRead(context, mirror.Info)
            ? mirror
            : throw Fault.Of(
                CatalogFault.MirrorNotFound, FaultKind.NotFound, $"There is no mirror '{name}'.",
                $"List them with 'entrepot mirror list', or make it with 'entrepot mirror create {name}'.").ToException();
    }

    /// <summary>True when the requester may read a blob by its digest: it may read a mirror that holds it in some snapshot, or the address is signed. What no
    /// mirror holds is for those who may read everything.</summary>
    public bool MayRead(HttpContext context, Sha256Digest digest)
    {
        var view = catalog.View;
        if (!catalog.IsGuarded || IsSigned(context))
            return true;
        if (catalog.HoldersOf(view, digest) is not { } holders)
            return false;
        return holders.Count == 0 ? Requester.Of(context) is { Roles: not Role.None, Mirrors.Count: 0 } : holders.Any(holder => !holder.IsPrivate || IsReader(context, holder));
    }

    /// <summary>Refuses a blob as though it were not there.</summary>
    /// <exception cref="FaultException"><see cref="BlobFault.NotFound"/>.</exception>
    public void Require(HttpContext context, Sha256Digest digest)
    {
        if (!MayRead(context, digest))
            throw Fault.Of(BlobFault.NotFound, FaultKind.NotFound, $"{digest} is not stored here.", "Check the digest, or push the blob.").ToException();
    }

    /// <summary>What to append to an address so that its bearer may read it at any edge for an hour.</summary>
    /// <param name="path">The path, percent-encoded.</param>
    /// <param name="digest">The digest that the address states; empty for none.</param>
    /// <returns>Null when nothing is signed here.</returns>
    public string? Sign(string path, string digest) => keys?.Sign(path, digest);

    private static bool IsReader(HttpContext context, MirrorInfo mirror)
        => Requester.Of(context) is { Roles: not Role.None } principal && principal.IsFor(mirror.Name.Value);

    private bool IsSigned(HttpContext context)
        => keys is not null && SignedAddress.IsGood(context, keys.Keys, RequestTarget.RawPath(context).ToString(), digest: "", time.GetUtcNow());
}
