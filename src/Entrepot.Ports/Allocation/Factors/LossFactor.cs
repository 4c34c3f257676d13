namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 10: TCP's throughput falls with the square root of the loss (RFC 5348 §3.1), so the score does too; a tenth lost
/// is as bad as it gets.</summary>
internal sealed class LossFactor : PathFactor
{
    private const double Worst = 0.1;

    public override PortFactor Factor => PortFactor.Loss;

    public override double? Value(PathMeasure measure) => measure.Loss;

    public override byte Score(double value) => Level(1 - Math.Sqrt(Math.Clamp(value, 0, Worst) / Worst));

    protected override string Text(double value) => value <= 0 ? "none lost" : Format($"{value * 100:0.##} % lost");
}
