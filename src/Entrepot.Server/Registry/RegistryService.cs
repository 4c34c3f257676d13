using Entrepot.Core.Faults;
using Entrepot.Mirror.Oci;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Access;
using Entrepot.Server.Http;
using Entrepot.Server.Push;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Registry;

/// <summary>What a registry's endpoints work with.</summary>
/// <param name="catalog">What the repositories hold.</param>
/// <param name="blobs">Their bytes.</param>
/// <param name="content">Who may read what.</param>
/// <param name="push">How bytes come in; null on a surface that only reads.</param>
/// <param name="time">The clock.</param>
internal sealed class RegistryService(OciCatalog catalog, BlobTrust blobs, ContentAccess content, PushService? push, TimeProvider time)
{
    public OciCatalog Catalog => catalog;

    public BlobTrust Blobs => blobs;

    public ContentAccess Content => content;

    public PushService Push => push ?? throw new InvalidOperationException("This surface takes nothing in.");

    public bool TakesPushes => push is not null;

    public TimeProvider Time => time;

    /// <summary>The repository of an address, for a requester who may read it. To anybody else it is as though it were not there; who has shown no
    /// credential is asked for one, as clients send none before.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.NameInvalid"/>, <see cref="OciFault.NameUnknown"/>, <see cref="AccessFault.Anonymous"/>.</exception>
    public RepositoryName Readable(HttpContext context, RegistryTarget target)
    {
        var name = target.Name;
        if (catalog.MirrorOf(name) is { } mirror && content.MayRead(context, mirror.Info))
            return name;
        if (content.IsGuarded && Requester.Of(context).Proof == Proof.None)
            throw Fault.Of(AccessFault.Anonymous, FaultKind.Forbidden, $"'{name}' is not there for everybody.", "Sign in to the registry first: the password is a token that 'entrepot token create' printed.").ToException();
        throw Unknown(name);
    }

    /// <summary>The repository of an address, for a requester who may push to it.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.NameInvalid"/>, <see cref="OciFault.NameUnknown"/>, <see cref="AccessFault.Mirror"/>.</exception>
    public RepositoryName Writable(HttpContext context, RegistryTarget target)
    {
        var name = target.Name;
        Requester.RequireMirror(context, name.Mirror);
        return catalog.MirrorOf(name) is not null ? name : throw Unknown(name);
    }

    private static FaultException Unknown(RepositoryName name) => Fault.Of(
        OciFault.NameUnknown, FaultKind.NotFound, $"There is no repository '{name}'.", $"Make its mirror, if it is missing: entrepot mirror create {name.Mirror} --format oci.").ToException();
}
