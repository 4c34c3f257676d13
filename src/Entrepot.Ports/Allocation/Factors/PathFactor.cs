using System.Globalization;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What factors 8–10 share: measurements of single ports; a port without one keeps the neutral score.</summary>
internal abstract class PathFactor : PortFactorRule
{
    /// <summary>The measured value, or null.</summary>
    public abstract double? Value(PathMeasure measure);

    /// <summary>The score of a value.</summary>
    public abstract byte Score(double value);

    public sealed override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
        => Slice(context.Evidence.Paths.Scores(this)!, first, scratch);

    public sealed override string? Missing(FactorContext context)
        => context.Evidence.Paths.Scores(this) is null ? $"no {Factor.Name()} was measured" : null;

    public sealed override string Say(FactorContext context, int port)
        => context.Evidence.Paths[port] is { } measure && Value(measure) is { } value ? Text(value) : "not measured here";

    /// <summary>The value with its unit.</summary>
    protected abstract string Text(double value);

    /// <summary>1 at <paramref name="best"/> or better, 0 at <paramref name="worst"/>, logarithmic between them.</summary>
    protected static byte Logarithmic(double value, double worst, double best)
        => Level(Math.Log(Math.Max(value, double.Epsilon) / worst) / Math.Log(best / worst));

    protected static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
