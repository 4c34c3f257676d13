using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Catalog;

/// <summary>What a mirror's settings may be.</summary>
internal static class MirrorRules
{
    /// <summary>How details are written to the journal.</summary>
    public static readonly JsonSerializerOptions JournalJson = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static void RequireSupported(MirrorKind kind, MirrorFormat format)
    {
        if (kind != MirrorKind.Hosted)
            throw Fault.Of(
                CatalogFault.KindUnsupported, FaultKind.Unsupported,
                $"Mirrors of kind '{Word(kind)}' are not run by this version.", "Make a hosted mirror and push to it.").ToException();
        if (format is not (MirrorFormat.Tree or MirrorFormat.Oci))
            throw Fault.Of(
                CatalogFault.FormatUnsupported, FaultKind.Unsupported,
                $"Mirrors of format '{Word(format)}' are not kept by this version.", "Make a tree mirror and push files to it, or an oci mirror and push images to it.").ToException();
    }

    public static void RequireValid(Retention retention)
    {
        if (retention.KeepSnapshots is < 1 or > Retention.MaxSnapshots)
            throw Refuse($"Keeping {retention.KeepSnapshots} snapshots is not possible.", $"Keep 1–{Retention.MaxSnapshots}, or leave the rule out.");
        if (retention.KeepDays is < 1 or > Retention.MaxDays)
            throw Refuse($"Keeping snapshots for {retention.KeepDays} days is not possible.", $"Keep 1–{Retention.MaxDays} days, or leave the rule out.");

        static FaultException Refuse(string message, string cure)
            => Fault.Of(CatalogFault.InvalidRetention, FaultKind.Invalid, message, cure).ToException();
    }

    public static void RequireText(string what, string text)
    {
        if (text.Length > MirrorCatalog.MaxText)
            throw Refuse($"The {what} has {text.Length} characters.", $"Use {MirrorCatalog.MaxText} at most.");
        if (text.Any(char.IsControl))
            throw Refuse($"The {what} holds a control character.", "Write it as one line of text.");

        static FaultException Refuse(string message, string cure)
            => Fault.Of(CatalogFault.InvalidText, FaultKind.Invalid, message, cure).ToException();
    }

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();
}
