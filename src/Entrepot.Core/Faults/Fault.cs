using System.Text;

namespace Entrepot.Core.Faults;

/// <summary>A refusal or failure as data: the same named reason in API, CLI, console and journal.</summary>
/// <param name="Kind">What it means to the caller.</param>
/// <param name="Code">Stable name, <c>feature/reason</c> in kebab case, for example <c>verification/digest-mismatch</c>.</param>
/// <param name="Message">One sentence that names the thing and the place.</param>
/// <param name="Cure">What the caller can do about it, or null where nothing helps.</param>
public sealed record Fault(FaultKind Kind, string Code, string Message, string? Cure = null)
{
    /// <summary>Makes a fault whose code is derived from a feature's own enum:
    /// <c>VerificationFault.DigestMismatch</c> becomes <c>verification/digest-mismatch</c>.</summary>
    public static Fault Of<TReason>(TReason reason, FaultKind kind, string message, string? cure = null)
        where TReason : struct, Enum
        => new(kind, CodeOf(reason), message, cure);

    /// <summary>The code that a reason has on the wire.</summary>
    public static string CodeOf<TReason>(TReason reason)
        where TReason : struct, Enum
        => $"{Kebab(Feature(typeof(TReason).Name))}/{Kebab(reason.ToString())}";

    /// <summary>True when this fault carries the given reason of a feature's enum.</summary>
    public bool Is<TReason>(TReason reason)
        where TReason : struct, Enum
        => Code == CodeOf(reason);

    /// <summary>Wraps this fault for throwing.</summary>
    public FaultException ToException(Exception? inner = null) => new(this, inner);

    private static string Feature(string enumName)
        => enumName.EndsWith("Fault", StringComparison.Ordinal) ? enumName[..^"Fault".Length] : enumName;

    private static string Kebab(string pascal)
    {
        var text = new StringBuilder(pascal.Length + 4);
        for (var i = 0; i < pascal.Length; i++)
        {
            if (char.IsUpper(pascal[i]) && i > 0 && !char.IsUpper(pascal[i - 1]))
                text.Append('-');
            text.Append(char.ToLowerInvariant(pascal[i]));
        }

        return text.ToString();
    }
}
