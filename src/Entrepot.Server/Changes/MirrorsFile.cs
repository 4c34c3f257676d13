using System.Globalization;
using System.Text;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Changes;

/// <summary>The settings of all mirrors as one YAML document. It has one form only: mirrors by name, every key written out, so that equal settings are
/// equal bytes.</summary>
internal static class MirrorsFile
{
    private static readonly FieldType<MirrorKind> Kind = FieldTypes.Choice<MirrorKind>();
    private static readonly FieldType<MirrorFormat> Format = FieldTypes.Choice<MirrorFormat>();
    private static readonly FieldType<Readers> Access = FieldTypes.Choice<Readers>();
    private static readonly FieldType<int?> Snapshots = FieldTypes.OptionalWholeNumber(1, Retention.MaxSnapshots);
    private static readonly FieldType<int?> Days = FieldTypes.OptionalWholeNumber(1, Retention.MaxDays);

    private static readonly FieldType<MirrorName> Name = new ScalarType<MirrorName>(
        "a mirror's name",
        static (text, out value, out hint) =>
        {
            var ok = MirrorName.TryParse(text, out value, out var fault);
            hint = fault?.Cure;
            return ok;
        },
        static value => value.Value);

    private static readonly FieldType<string> Line = new ScalarType<string>(
        $"one line of at most {MirrorCatalog.MaxText} characters",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length <= MirrorCatalog.MaxText && !text.Any(char.IsControl);
        },
        FieldTypes.Quote);

    private enum Readers
    {
        Public,
        Private,
    }

    /// <summary>Writes the mirrors of a view.</summary>
    public static byte[] Write(CatalogView view) => Write(view.Mirrors.Values.Select(static mirror => mirror.Info));

    /// <summary>Writes mirrors.</summary>
    public static byte[] Write(IEnumerable<MirrorInfo> mirrors)
    {
        var text = new StringBuilder();
        foreach (var mirror in mirrors.OrderBy(static mirror => mirror.Name.Value, StringComparer.Ordinal))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"""
                  - name: {mirror.Name}
                    kind: {Kind.Write(mirror.Kind)}
                    format: {Format.Write(mirror.Format)}
                    access: {(mirror.IsPrivate ? "private" : "public")}
                    description: {FieldTypes.Quote(mirror.Description)}
                    retention:
                      keepSnapshots: {Snapshots.Write(mirror.Retention.KeepSnapshots)}
                      keepDays: {Days.Write(mirror.Retention.KeepDays)}

                """);
        }

        return Encoding.UTF8.GetBytes(text.Length == 0 ? "mirrors: []\n" : $"mirrors:\n{text.Replace("\r", "")}");
    }

    /// <summary>Reads mirrors. What is left out is as it is for a new mirror.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="file">How errors name it.</param>
    /// <exception cref="FaultException"><see cref="ChangeFault.Invalid"/>: every error with its line.</exception>
    public static IReadOnlyList<MirrorInfo> Read(string text, string file)
    {
        var errors = new DocumentErrors(file);
        var mirrors = new List<MirrorInfo>();
        var root = DocumentTree.Parse(text, file, out var broken);
        if (broken is not null)
            errors.Add(broken);
        else if (Keys(root!, ["mirrors"], "", errors) is { } keys)
        {
            if (!keys.TryGetValue("mirrors", out var list))
                errors.Add(root!, "the key 'mirrors' is missing; expected a list of mirrors, '[]' for none");
            else if (list is not DocumentList items)
                errors.Add(list, $"mirrors is {list.Describe}; expected a list of mirrors, '[]' for none");
            else
                ReadAll(items, mirrors, errors);
        }

        return !errors.Any ? mirrors : throw Fault.Of(
            ChangeFault.Invalid, FaultKind.Invalid, $"the document holds {(errors.InOrder.Count == 1 ? "an error" : $"{errors.InOrder.Count} errors")}:\n{string.Join('\n', errors.InOrder)}",
            "Correct the lines named above; 'entrepot change current mirrors' prints the document as it is.").ToException();
    }

    private static void ReadAll(DocumentList items, List<MirrorInfo> mirrors, DocumentErrors errors)
    {
        var lines = new Dictionary<MirrorName, int>();
        for (var i = 0; i < items.Items.Count; i++)
        {
            if (ReadOne(items.Items[i], string.Create(CultureInfo.InvariantCulture, $"mirrors[{i}]"), errors) is not { } mirror)
                continue;
            if (lines.TryAdd(mirror.Name, items.Items[i].Line))
                mirrors.Add(mirror);
            else
                errors.Add(items.Items[i], $"the mirror '{mirror.Name}' is there twice; it stands at line {lines[mirror.Name]} already");
        }
    }

    private static MirrorInfo? ReadOne(DocumentNode node, string path, DocumentErrors errors)
    {
        if (Keys(node, ["name", "kind", "format", "access", "description", "retention"], path, errors) is not { } keys)
            return null;
        if (!keys.TryGetValue("name", out var named))
        {
            errors.Add(node, $"{path} has no name");
            return null;
        }

        var ok = Name.TryRead(named, $"{path}.name", errors, out var name);
        ok &= Get(keys, "kind", Kind, MirrorKind.Hosted, path, errors, out var kind);
        ok &= Get(keys, "format", Format, MirrorFormat.Tree, path, errors, out var format);
        ok &= Get(keys, "access", Access, Readers.Public, path, errors, out var access);
        var description = "";
        if (keys.TryGetValue("description", out var line) && line is not DocumentScalar { Value: "" } && !Line.TryRead(line, $"{path}.description", errors, out description!))
            ok = false;
        var retention = Retention.Default;
        if (keys.TryGetValue("retention", out var held))
        {
            var rules = Keys(held, ["keepSnapshots", "keepDays"], $"{path}.retention", errors);
            ok &= Get(rules ?? [], "keepSnapshots", Snapshots, null, $"{path}.retention", errors, out var snapshots) & Get(rules ?? [], "keepDays", Days, null, $"{path}.retention", errors, out var days) & rules is not null;
            retention = new Retention(snapshots, days);
        }

        if (!ok)
            return null;
        var info = new MirrorInfo(name, kind, format, description, retention, DateTimeOffset.UnixEpoch) { IsPrivate = access == Readers.Private };
        try
        {
            MirrorCatalog.RequireValid(info);
            return info;
        }
        catch (FaultException refused)
        {
            errors.Add(node, $"{path}: {refused.Fault.Message}");
            return null;
        }
    }

    private static bool Get<T>(Dictionary<string, DocumentNode> keys, string key, FieldType<T> type, T usual, string path, DocumentErrors errors, out T value)
    {
        value = usual;
        return !keys.TryGetValue(key, out var node) || type.TryRead(node, $"{path}.{key}", errors, out value);
    }

    private static Dictionary<string, DocumentNode>? Keys(DocumentNode node, string[] known, string path, DocumentErrors errors)
    {
        if (node is DocumentMap map)
            return DocumentKeys.Distinct(map, known, path, errors).ToDictionary(static pair => pair.Key, static pair => pair.Value.Value);
        errors.Add(node, $"{(path.Length == 0 ? "the document" : path)} is {node.Describe}; expected the keys {string.Join(", ", known)}");
        return null;
    }
}
