namespace Entrepot.Mirror.Oci;

/// <summary>Why something is refused by a registry: the codes of the OCI Distribution Specification 1.1, "Error Codes".</summary>
public enum OciFault
{
    /// <summary>The repository has no such blob.</summary>
    BlobUnknown,

    /// <summary>The upload can't go on so.</summary>
    BlobUploadInvalid,

    /// <summary>There is no such upload.</summary>
    BlobUploadUnknown,

    /// <summary>What was sent has another digest, or a digest can't be read.</summary>
    DigestInvalid,

    /// <summary>The manifest names a blob or manifest that the repository does not have.</summary>
    ManifestBlobUnknown,

    /// <summary>The manifest is none.</summary>
    ManifestInvalid,

    /// <summary>The repository has no such manifest.</summary>
    ManifestUnknown,

    /// <summary>That can't be a repository's name.</summary>
    NameInvalid,

    /// <summary>There is no such repository.</summary>
    NameUnknown,

    /// <summary>What was sent has another length than was said, or is too long.</summary>
    SizeInvalid,

    /// <summary>Say who you are.</summary>
    Unauthorized,

    /// <summary>It is known who you are, and you may not.</summary>
    Denied,

    /// <summary>This registry does not do that.</summary>
    Unsupported,

    /// <summary>Too many requests.</summary>
    TooManyRequests,
}
