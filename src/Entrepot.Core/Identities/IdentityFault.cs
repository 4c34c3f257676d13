namespace Entrepot.Core.Identities;

/// <summary>Why a name was refused.</summary>
public enum IdentityFault
{
    /// <summary>A mirror name breaks the rules of <see cref="MirrorName"/>.</summary>
    MirrorName,

    /// <summary>A mirror name that the surfaces use themselves.</summary>
    ReservedMirrorName,

    /// <summary>A node name breaks the rules of <see cref="NodeName"/>.</summary>
    NodeName,

    /// <summary>The path has no segment.</summary>
    PathEmpty,

    /// <summary>The path or a segment of it is longer than allowed.</summary>
    PathTooLong,

    /// <summary>A segment is <c>.</c> or <c>..</c>, plain or percent-encoded.</summary>
    PathTraversal,

    /// <summary>Two slashes in a row, or a slash at the start.</summary>
    PathEmptySegment,

    /// <summary>NUL, a control character, or a backslash.</summary>
    PathCharacter,

    /// <summary>The bytes are not UTF-8.</summary>
    PathEncoding,
}
