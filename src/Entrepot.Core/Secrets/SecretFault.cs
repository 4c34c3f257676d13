namespace Entrepot.Core.Secrets;

/// <summary>Why a secret can't be used.</summary>
public enum SecretFault
{
    /// <summary>The file can't be read or written.</summary>
    Unreadable,

    /// <summary>Others than its owner may read the file.</summary>
    Exposed,

    /// <summary>The file holds something else.</summary>
    Malformed,

    /// <summary>Sealed by another key, for another purpose, or changed since.</summary>
    Broken,
}
