using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Client;

/// <summary>Where something lies in a network, as people write it: <c>mirror</c>, <c>mirror/path</c> or <c>mirror/folder/</c>.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Path">Without slashes at the ends; empty for the mirror's root.</param>
/// <param name="IsFolder">True when it was written with a slash at the end, or is the whole mirror.</param>
public sealed record PushTarget(MirrorName Mirror, string Path, bool IsFolder)
{
    /// <summary>Reads a target.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.Target"/>, or what is wrong with the mirror's name or the path.</exception>
    public static PushTarget Parse(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal) || text.StartsWith('/'))
            throw Fault.Of(
                ClientFault.Target, FaultKind.Invalid, $"'{text}' is no target.", "Write mirror/path, without an address before it.").ToException();
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var mirror = MirrorName.Parse(slash < 0 ? text : text[..slash]);
        var rest = slash < 0 ? "" : text[(slash + 1)..];
        var isFolder = rest.Length == 0 || rest.EndsWith('/');
        var path = isFolder && rest.Length > 0 ? rest[..^1] : rest;
        return new PushTarget(mirror, path.Length == 0 ? "" : ContentPath.Parse(path).Value, isFolder);
    }

    /// <summary>The target of one file: a folder gets the file's own name put behind it, as <c>cp</c> does.</summary>
    public ContentPath ForFile(string name)
        => ContentPath.Parse(!IsFolder ? Path : Path.Length == 0 ? name : $"{Path}/{name}");

    /// <summary>As people write it.</summary>
    public override string ToString() => Path.Length == 0 ? $"{Mirror}/" : $"{Mirror}/{Path}{(IsFolder ? "/" : "")}";
}
