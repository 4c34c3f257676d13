using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Ports.Declarations.Reading;

namespace Entrepot.Ports.Declarations;

/// <summary>Reads a portfile. Nothing is taken from a file that holds an error; all its errors are told at once, those of spelling
/// together with those of meaning.</summary>
public static class PortfileReader
{
    /// <summary>Reads a file from disk.</summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <param name="now">When it is read, to tell what has expired; null leaves expiry alone.</param>
    /// <exception cref="FaultException"><see cref="PortfileFault.Unreadable"/>.</exception>
    public static PortfileResult ReadFile(string path, DateTimeOffset? now = null)
        => Read(ReadText(path), path, now);

    /// <summary>Reads the text of a file from disk, to give it to <see cref="Read"/>.</summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <exception cref="FaultException"><see cref="PortfileFault.Unreadable"/>.</exception>
    public static string ReadText(string path) => DocumentFile.ReadText(path, PortfileFault.Unreadable, "portfile");

    /// <summary>Reads the text of a portfile.</summary>
    /// <param name="text">The YAML, at most <see cref="PortfileLimits.Length"/> characters.</param>
    /// <param name="file">How errors name the file.</param>
    /// <param name="now">When it is read, to tell what has expired; null leaves expiry alone.</param>
    public static PortfileResult Read(string text, string file, DateTimeOffset? now = null)
    {
        var root = DocumentTree.Parse(text, file, out var broken);
        if (root is null)
            return new PortfileResult(null, [broken!], []);

        var issues = new PortfileIssues(file);
        Portfile? portfile = null;
        if (PortfileKeys.Root.TryRead(root, "", issues, out var values))
        {
            var draft = new PortfileDraft(values, issues);
            NameChecks.Check(draft, issues);
            PoolChecks.Check(draft, issues);
            ServiceChecks.Check(draft, now, issues);
            PortChecks.Check(draft, issues);
            CollisionChecks.Check(draft, issues);
            if (!issues.Errors.Any)
            {
                portfile = PortfileBuilder.Build(draft);
                GrantChecks.Check(draft, portfile, issues);
            }
        }

        return new PortfileResult(portfile, issues.Errors.InOrder, issues.Warnings);
    }
}
