# Instructors on macOS and Windows: the kit in a Linux container. docs/other-systems.md says how to start it.
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        bubblewrap ca-certificates fonts-thai-tlwg git make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /kit
COPY . .
RUN make .venv/ready
ENV PATH=/kit/.venv/bin:$PATH
# the course folder is mounted here
WORKDIR /course
EXPOSE 8888
CMD ["autograder", "doctor"]
