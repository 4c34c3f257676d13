using Entrepot.Core.Faults;

namespace Entrepot.Cli;

/// <summary>The one mapper from faults to exit codes; <c>docs/reference/exit-codes.md</c> is its reference.</summary>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>A check found something wrong, or the answer to a question was no.</summary>
    public const int Negative = 1;

    /// <summary>The command line or a document is wrong. 2 is what shells and getopt programs use.</summary>
    public const int Usage = 2;

    /// <summary>Something inside failed (EX_SOFTWARE of sysexits.h).</summary>
    public const int Internal = 70;

    /// <summary>Stopped by Ctrl-C (128 + SIGINT, as shells report it).</summary>
    public const int Interrupted = 130;

    /// <summary>The code for a kind of fault.</summary>
    public static int Of(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => Usage,
        FaultKind.NotFound => 3,
        FaultKind.Conflict => 4,
        FaultKind.PreconditionFailed => 5,
        FaultKind.Mismatch => 6,
        FaultKind.TooLarge => 7,
        FaultKind.Exhausted => 8,
        FaultKind.Forbidden => 9,
        FaultKind.Unavailable => 10,
        FaultKind.Unsupported => 11,
        _ => Internal,
    };
}
