using System.Diagnostics.CodeAnalysis;
using Entrepot.Mirror.Oci;

namespace Entrepot.Server.Registry;

/// <summary>What an address below <c>/v2/</c> is about.</summary>
internal enum RegistryPlace
{
    /// <summary>The registry itself: <c>end-1</c> of the specification's table.</summary>
    Base,

    /// <summary>The list of repositories.</summary>
    Catalog,

    /// <summary>The tags of a repository.</summary>
    Tags,

    /// <summary>A manifest by tag or digest.</summary>
    Manifest,

    /// <summary>A blob by digest.</summary>
    Blob,

    /// <summary>Where uploads begin.</summary>
    Uploads,

    /// <summary>An upload under way.</summary>
    Upload,

    /// <summary>What is about a manifest.</summary>
    Referrers,
}

/// <summary>An address below <c>/v2/</c>, taken apart from its end: a repository may be named as parts of addresses are.</summary>
/// <param name="Place">What it is about.</param>
/// <param name="Repository">The repository's name as it stands there; empty for none.</param>
/// <param name="Reference">Tag, digest or upload; empty for none.</param>
internal readonly record struct RegistryTarget(RegistryPlace Place, string Repository, string Reference)
{
    /// <summary>The address below which it is a registry.</summary>
    public const string Root = "/v2";

    /// <summary>Reads what follows <c>/v2/</c>.</summary>
    public static bool TryParse(string? path, [NotNullWhen(true)] out RegistryTarget? target)
    {
        target = (path ?? "").Split('/') switch
        {
            [""] => new RegistryTarget(RegistryPlace.Base, "", ""),
            ["_catalog"] => new RegistryTarget(RegistryPlace.Catalog, "", ""),
            [.. { Length: > 0 } name, "tags", "list"] => new RegistryTarget(RegistryPlace.Tags, Join(name), ""),
            [.. { Length: > 0 } name, "blobs", "uploads", ""] => new RegistryTarget(RegistryPlace.Uploads, Join(name), ""),
            [.. { Length: > 0 } name, "blobs", "uploads"] => new RegistryTarget(RegistryPlace.Uploads, Join(name), ""),
            [.. { Length: > 0 } name, "blobs", "uploads", var upload] => new RegistryTarget(RegistryPlace.Upload, Join(name), upload),
            [.. { Length: > 0 } name, "blobs", var digest] => new RegistryTarget(RegistryPlace.Blob, Join(name), digest),
            [.. { Length: > 0 } name, "manifests", var reference] => new RegistryTarget(RegistryPlace.Manifest, Join(name), reference),
            [.. { Length: > 0 } name, "referrers", var digest] => new RegistryTarget(RegistryPlace.Referrers, Join(name), digest),
            _ => null,
        };
        return target is not null;
    }

    /// <summary>The repository.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="OciFault.NameInvalid"/>.</exception>
    public RepositoryName Name => RepositoryName.Parse(Repository);

    private static string Join(string[] parts) => string.Join('/', parts);
}
