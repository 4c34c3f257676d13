using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Oci;

/// <summary>The name of a repository (OCI Distribution Specification 1.1, "Pulling manifests"): components separated by slashes, of which the first is
/// the mirror.</summary>
public readonly partial record struct RepositoryName
{
    /// <summary>Longest name in characters: what clients take together with a host name is 255.</summary>
    public const int MaxLength = 255;

    private readonly string? _value;

    private RepositoryName(string value, MirrorName mirror) => (_value, Mirror) = (value, mirror);

    /// <summary>The whole name.</summary>
    public string Value => _value ?? "";

    /// <summary>The mirror that it belongs to.</summary>
    public MirrorName Mirror { get; }

    /// <summary>Reads a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RepositoryName name)
    {
        name = default;
        if (text is null || text.Length is 0 or > MaxLength || !Form().IsMatch(text) || !MirrorName.TryParse(text.Split('/', 2)[0], out var mirror, out _))
            return false;
        name = new RepositoryName(text, mirror);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, throwing the fault.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.NameInvalid"/>.</exception>
    public static RepositoryName Parse(string? text) => TryParse(text, out var name) ? name : throw Fault.Of(
        OciFault.NameInvalid, FaultKind.Invalid, $"'{OciDigest.Shorten(text)}' can't be a repository's name.",
        "Use lower-case letters, digits and single '.', '_' or '-' between them, in components separated by '/', the first being the mirror.").ToException();

    /// <inheritdoc/>
    public override string ToString() => Value;

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}

/// <summary>The name of a tag (OCI Distribution Specification 1.1, "Pulling manifests").</summary>
public readonly partial record struct TagName
{
    private readonly string? _value;

    private TagName(string value) => _value = value;

    /// <summary>The name.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TagName tag)
    {
        var isTag = text is not null && Form().IsMatch(text);
        tag = isTag ? new TagName(text!) : default;
        return isTag;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
