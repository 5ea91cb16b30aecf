using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace BudgetGuard.Gateway.Simulation;

/// <summary>A vector of length one that is the same for the same text.</summary>
internal static class SimulatedVector
{
    public const int MostDimensions = 4096;

    public static float[] Of(string text, int dimensions)
    {
        float[] vector = new float[Math.Min(dimensions, MostDimensions)];
        byte[] seed = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        double sum = 0;
        for (int at = 0; at < vector.Length; at++)
        {
            if (at % 8 == 0 && at > 0)
            {
                seed = SHA256.HashData(seed);
            }

            vector[at] = BinaryPrimitives.ReadInt32LittleEndian(seed.AsSpan(at % 8 * 4)) / (float)int.MaxValue;
            sum += vector[at] * vector[at];
        }

        float length = (float)Math.Sqrt(sum);
        for (int at = 0; at < vector.Length; at++)
        {
            vector[at] /= length;
        }

        return vector;
    }
}
